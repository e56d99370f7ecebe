"""Samples as arrays: what detectors take, whether they came by the feed or were read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from analytics.tracks import Numbers, Rows, Times
from contracts import measurements
from contracts.events import Alarm
from contracts.series import Block, Points, Series, Value

_alarms: Final = msgspec.json.Decoder(Alarm)


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """Columns; a flag counts as 0 or 1, an alarm by whether it is active, and what is no number is NaN."""

    series: Sequence[Series]
    index: Rows  # into `series`
    times: Times
    values: Numbers

    def __len__(self) -> int:
        return len(self.times)


def of_block(block: Block) -> Samples:
    """A block's samples, copied."""
    values = np.array(block.numbers, np.float64)
    for row, value in block.others.items():
        values[row] = _number(block.series[block.index[row]], value)
    return Samples(
        series=list(block.series),
        index=np.array(block.index, np.intp),
        times=np.array(block.times, np.int64),
        values=values,
    )


def of_points(points: Sequence[Points]) -> Samples:
    """What the store's reader returned."""
    lengths = [len(one.times) for one in points]
    return Samples(
        series=[one.series for one in points],
        index=np.repeat(np.arange(len(points)), lengths),
        times=np.array([time for one in points for time in one.times], np.int64),
        values=np.array([_number(one.series, value) for one in points for value in one.values], np.float64),
    )


def join(parts: Sequence[Samples]) -> Samples:
    """One after the other."""
    series: list[Series] = []
    index: list[Rows] = []
    for part in parts:
        index.append(part.index + len(series))
        series += part.series
    return Samples(
        series=series,
        index=np.concatenate([np.empty(0, np.intp), *index]),
        times=np.concatenate([np.empty(0, np.int64), *(part.times for part in parts)]),
        values=np.concatenate([np.empty(0, np.float64), *(part.values for part in parts)]),
    )


def _number(series: Series, value: Value) -> float:
    if isinstance(value, str) and series.metric == measurements.ALARM:
        return _active(value)
    return float(value) if isinstance(value, float | int) else float("nan")


def _active(text: str) -> float:
    """1 while an alarm lasts, 0 when it is over; NaN where its device does not say."""
    try:
        active = _alarms.decode(text).active
    except msgspec.MsgspecError:  # written by an older version
        return float("nan")
    return float("nan") if active is None else float(active)
