"""The short way for the packs that nearly all are: JSON, numbers only, base fields in the first record.

It takes a pack only where the long way would resolve it to the same samples; it refuses nothing.
"""

from __future__ import annotations

from array import array
from typing import Final

import msgspec

from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.senml.names import Names
from contracts.senml.times import AHEAD, OLDEST
from contracts.series import Block, Series
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
    """Append the pack's samples to the block and return how many; None where it must take the long way."""
    if b"\\" in payload:  # an escape could hide a colon from the count below
        return None
    try:
        rows = _decode(payload)
        if not 1 <= len(rows) <= _MOST or not _plain(payload, rows):
            return None
        first = rows[0]
        base = round((first.bt or 0.0) * SECOND)
        times = [base + round(t * SECOND) if (t := row.t) else base for row in rows]
        if min(times) < OLDEST or max(times) > now + AHEAD:
            return None
        series = _series(rows, device, foreign, names)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, Refused):
        return None
    if series is None:
        return None
    place = block.place
    block.index.fromlist([place(one) for one in series])
    block.times.fromlist(times)
    block.numbers.extend(array("d", [row.v for row in rows]))
    return len(rows)


def _plain(payload: bytes, rows: list[_Row]) -> bool:
    """Whether the payload holds no label but those that the rows show, each once.

    A colon follows each label, so there are never more labels than colons. Where the rows' fields account for
    all colons they account for all labels: none is unknown, given twice, null, or a base field further down.
    """
    first = rows[0]
    colons = 2 * len(rows)
    colons += len(rows) - [row.t for row in rows].count(None)
    colons += len(rows) - [row.u for row in rows].count(None)
    if first.bn is not None:
        colons += 1 + first.bn.count(":")
    if first.bt is not None:
        colons += 1
    if first.bu is not None:
        colons += 1
    return payload.count(b":") == colons


def _series(rows: list[_Row], device: Device, foreign: tuple[str, ...], names: Names) -> list[Series] | None:
    """The series of each row; None where a value is out of its bounds. Raises Refused."""
    first = rows[0]
    base, unit = first.bn or "", first.bu or ""
    table = names.table(device, base, unit, foreign)
    found: list[Series] = []
    for row in rows:
        series, low, high = (
            table[row.n] if row.u is None else names.table(device, base, row.u, foreign)[row.n]
        )
        if not low <= row.v <= high:
            return None
        found.append(series)
    return found
