"""The image of a HyperLogLog as Apache DataSketches writes it (compact HLL_4), checked down to its last bit.

The library is C++ and trusts what it reads: a register that points to an exception that is not there ends the
process. Sketches come from devices, so none reaches it that was not checked here. No sketch is made here.
"""

from __future__ import annotations

import math
import struct
from typing import Final

from contracts.errors import Refused

_LIST, _SET, _HLL = 0, 1, 2  # two lowest bits of byte 7; the others say which form registers have: 0, HLL_4
_HEAD: Final = {_LIST: 8, _SET: 12, _HLL: 40}  # bytes before coupons or registers
_EMPTY, _COMPACT, _MERGED = 4, 8, 16  # flags of byte 5
_SUMS: Final = struct.Struct("<3d2i")  # from byte 8: estimate, two sums, registers at the least, exceptions
_LONGEST_LIST: Final = 8
_SLOT: Final = (1 << 26) - 1  # of a coupon: its lower bits, the rest is a value
_MOST: Final = 63  # value of a register
_BEYOND: Final = 15  # half a byte that says: the value is among the exceptions
_LOW: Final = bytes(byte & 15 for byte in range(256))  # registers 0, 2, 4 …
_HIGH: Final = bytes(byte >> 4 for byte in range(256))  # registers 1, 3, 5 …
_HIGHEST: Final = 1e12  # of an estimate: more than there are people


def check(image: bytes, lg_k: int) -> None:
    """Refuse what the library would not have written. Raises Refused, which shows nothing of it."""
    reason = _fault(image, lg_k)
    if reason:
        raise Refused("sketch.body", f"{len(image)} bytes", reason)


def _fault(image: bytes, lg_k: int) -> str:
    if len(image) < _HEAD[_LIST] or image[1:4] != bytes((1, 7, lg_k)):
        return f"not a HyperLogLog of 2^{lg_k} registers"
    mode = image[7]
    if mode not in _HEAD or image[0] != _HEAD[mode] // 4 or len(image) < _HEAD[mode]:
        return "not of the form HLL_4"
    if image[5] & ~(_EMPTY | _COMPACT | _MERGED) or not image[5] & _COMPACT:
        return "not compact"
    if mode == _LIST:
        count = image[6]
        if bool(image[5] & _EMPTY) != (not count) or count > _LONGEST_LIST or image[4] != 3:
            return "a list that says another length than it has"
        return _coupons(image[_HEAD[_LIST] :], count)
    if mode == _SET:
        count = int.from_bytes(image[8:12], "little")
        if image[5] & _EMPTY or not 5 <= image[4] <= lg_k - 3 or count * 4 > 3 << image[4]:
            return "a set fuller than sets are"
        return _coupons(image[_HEAD[_SET] :], count)
    return _registers(image, lg_k)


def _coupons(raw: bytes, count: int) -> str:
    if len(raw) != 4 * count:
        return "of another length than it says"
    coupons = struct.unpack(f"<{count}I", raw)
    if len(set(coupons)) != count or any(not 1 <= one >> 26 <= _MOST for one in coupons):
        return "coupons that there are not"
    return ""


def _registers(image: bytes, lg_k: int) -> str:
    estimate, *sums, at_least, count = _SUMS.unpack_from(image, 8)
    start, size = _HEAD[_HLL], (1 << lg_k) // 2
    if image[5] & _EMPTY or not 0 <= count <= 1 << lg_k or len(image) != start + size + 4 * count:
        return "of another length than it says"
    if count and not (2 <= image[4] <= lg_k and count * 4 <= 3 << image[4]):
        return "exceptions fuller than they are"
    low, high = (image[start : start + size].translate(table) for table in (_LOW, _HIGH))
    floor = image[6]
    exceptions = struct.unpack_from(f"<{count}I", image, start + size)
    wanted = {2 * place for place in _places(low)} | {2 * place + 1 for place in _places(high)}
    if {one & _SLOT for one in exceptions} != wanted or len(wanted) != count:
        return "registers and exceptions that do not match"
    if any(not floor + _BEYOND <= one >> 26 <= _MOST for one in exceptions):
        return "exceptions that are none"
    counts = [low.count(value) + high.count(value) for value in range(_BEYOND)]
    if floor > _MOST - _BEYOND or counts[0] != at_least or not math.isfinite(estimate):
        return "registers that say another least than there is"
    values = [(floor + value, many) for value, many in enumerate(counts)] + [
        (one >> 26, 1) for one in exceptions
    ]
    true = [
        math.fsum(many * 2.0**-value for value, many in values if (value < 32) == lower)
        for lower in (True, False)
    ]
    if not 0 <= estimate <= _HIGHEST or not all(map(_close, sums, true)):
        return "sums that are not those of its registers"
    return ""


def _places(registers: bytes) -> list[int]:
    found, place = [], registers.find(_BEYOND)
    while place >= 0:
        found.append(place)
        place = registers.find(_BEYOND, place + 1)
    return found


def _close(said: float, true: float) -> bool:
    return math.isclose(said, true, rel_tol=1e-9, abs_tol=1e-9)
