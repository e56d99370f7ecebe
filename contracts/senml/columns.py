"""The short way for the packs that nearly all are: JSON, numbers only, base fields in the first record.

It takes a pack only where the long way would resolve it to the same samples; it refuses nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.senml.names import Known, Names
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


_Key = tuple[str, str | None]
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
    """Append rows to the block; False, perhaps half-way, where they are none for the short way.

    Column by column: what differs between rows is little, and is looked up once for each that is different.
    """
    first = rows[0]
    base, start = first.bn or "", round((first.bt or 0.0) * SECOND)
    labels = base.count(":") + (first.bn is not None) + (first.bt is not None) + (first.bu is not None)
    labels += 2 * len(rows)
    units = [row.u for row in rows]
    labels += len(rows) - units.count(None)
    keys = list(zip([row.n for row in rows], units, strict=True))
    known = {
        (name, unit): names.table(device, base, (first.bu or "") if unit is None else unit, foreign)[name]
        for name, unit in dict.fromkeys(keys)
    }
    numbers = [row.v for row in rows]
    if not _within(keys, numbers, known):
        return False
    offsets = [row.t for row in rows]
    without = offsets.count(None)
    labels += len(rows) - without
    times = (
        # __round__ is round without the search for it: 6 µs instead of 10 for 100 records
        [start + (time * SECOND).__round__() if time else start for time in offsets]
        if without < len(rows)
        else [start] * len(rows)
    )
    if labels != colons or min(times) < OLDEST or max(times) > now + AHEAD:
        return False
    places = {key: block.place(series) for key, (series, _, _) in known.items()}
    block.index.fromlist([places[key] for key in keys])
    block.times.fromlist(times)
    block.numbers.fromlist(numbers)
    return True


def _within(keys: list[_Key], numbers: list[float], known: dict[_Key, Known]) -> bool:
    """Whether every number is within its series' bounds."""
    low, high = max(low for _, low, _ in known.values()), min(high for _, _, high in known.values())
    if low <= min(numbers) and max(numbers) <= high:
        return True
    bounds = {key: (low, high) for key, (_, low, high) in known.items()}
    for key, number in zip(keys, numbers, strict=True):
        low, high = bounds[key]
        if not low <= number <= high:
            return False
    return True
