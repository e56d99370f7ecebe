"""The short way for the packs that nearly all are: JSON, numbers only, base fields in the first record.

It takes a pack only where the long way would resolve it to the same samples; it refuses nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.senml.names import Names
from contracts.senml.times import AHEAD, OLDEST
from contracts.series import Block
from contracts.topics import Device

_MOST: Final = 10_000  # records; longer packs take the long way, which refuses them


class _Row(msgspec.Struct, gc=False):
    n: str
    v: float
    t: float | None = None
    u: str | None = None
    bn: str | None = None
    bt: float | None = None
    bu: str | None = None


_decode: Final = msgspec.json.Decoder(list[_Row]).decode


def append(
    payload: bytes, device: Device, now: int, block: Block, foreign: tuple[str, ...], names: Names
) -> int | None:
    """Append the pack's samples to the block and return how many; None where it must take the long way.

    A colon follows each label, so a pack has at least as many colons as labels. Where the labels of the rows
    account for all colons, none of its labels is unknown, given twice, null, or a base field further down.
    """
    if b"\\" in payload:  # an escape could hide a colon
        return None
    before = len(block), len(block.series)
    try:
        rows = _decode(payload)
        if 0 < len(rows) <= _MOST and _fill(rows, payload.count(b":"), device, now, block, foreign, names):
            return len(rows)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, Refused):
        pass  # the long way finds it too, and says where
    block.cut(*before)
    return None


def _fill(
    rows: list[_Row],
    colons: int,
    device: Device,
    now: int,
    block: Block,
    foreign: tuple[str, ...],
    names: Names,
) -> bool:
    """Append rows to the block; False, perhaps half-way, where they are none for the short way."""
    first = rows[0]
    base, start = first.bn or "", round((first.bt or 0.0) * SECOND)
    colons -= base.count(":") + (first.bn is not None) + (first.bt is not None) + (first.bu is not None)
    colons -= 2 * len(rows)
    table = names.table(device, base, first.bu or "", foreign)
    place = block.place
    index: list[int] = []
    times: list[int] = []
    numbers: list[float] = []
    for row in rows:
        if row.u is None:
            series, low, high = table[row.n]
        else:
            series, low, high = names.table(device, base, row.u, foreign)[row.n]
            colons -= 1
        value = row.v
        if not low <= value <= high:
            return False
        time = row.t
        if time is None:
            times.append(start)
        else:
            times.append(start + round(time * SECOND))
            colons -= 1
        index.append(place(series))
        numbers.append(value)
    if colons or min(times) < OLDEST or max(times) > now + AHEAD:
        return False
    block.index.fromlist(index)
    block.times.fromlist(times)
    block.numbers.fromlist(numbers)
    return True
