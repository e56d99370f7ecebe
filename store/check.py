"""Which rows no engine takes, and why; the same for both."""

from __future__ import annotations

from typing import Final

import numpy as np

from contracts.series import LARGEST_VALUE, Block, Data, Other, Series
from contracts.sketches import METRIC
from store.port import EARLIEST, LATEST

_LONGEST_UNIT: Final = 64


def faults(block: Block, *, sketches: bool = False) -> dict[int, str]:
    """Row → reason, for rows that will never be taken; empty for nearly every block.

    Sketches of visitors are no samples: only the sink takes them (`sketches`), and no engine does.
    """
    found: dict[int, str] = {}
    numbers = np.frombuffer(block.numbers, dtype=np.float64)
    for row in np.flatnonzero(~np.isfinite(numbers)).tolist():
        if row not in block.others:
            found[row] = f"{numbers[row]} is not a finite number"
    for row, value in block.others.items():
        if reason := _other(value):
            found[row] = reason
    times = np.frombuffer(block.times, dtype=np.int64)
    for row in np.flatnonzero((times < EARLIEST) | (times > LATEST)).tolist():
        found[row] = f"time {times[row]} µs is not between 1970 and 2262"
    found |= _apart(block, sketches=sketches)
    if places := {place: why for place, series in enumerate(block.series) if (why := _series(series))}:
        for row, place in enumerate(block.index):
            if place in places:
                found[row] = places[place]
    return found


def _apart(block: Block, *, sketches: bool) -> dict[int, str]:
    places = {place for place, series in enumerate(block.series) if series.metric == METRIC}
    if not places:
        return {}
    return {
        row: "a sketch of visitors is no sample"
        for row, place in enumerate(block.index)
        if place in places and not (sketches and isinstance(block.others.get(row), Data))
    }


def _series(series: Series) -> str:
    unit = series.unit
    if len(unit) > _LONGEST_UNIT or "\\" in unit or not unit.isprintable():
        return f"unit: more than {_LONGEST_UNIT} characters, or a backslash or control character in it"
    return ""


def _other(value: Other) -> str:
    if isinstance(value, bool):
        return ""
    size = len(value.raw) if isinstance(value, Data) else len(value.encode("utf-8", "surrogatepass"))
    if size > LARGEST_VALUE:
        return f"value of {size} bytes, at most {LARGEST_VALUE}"
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        return "string with a lone surrogate"
    return ""
