"""Which rows of a write are sketches: they go to their shelf and never among the samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.series import Block, Data
from contracts.sketches import METRIC

Mask = npt.NDArray[np.bool_]


class Arrived(NamedTuple):
    """One sketch of a write."""

    device: str
    value: bytes


def split(block: Block, wanted: Mask | None) -> tuple[Mask | None, list[Arrived]]:
    """Which rows are samples (None: all), and the sketches among the wanted ones."""
    places = [place for place, series in enumerate(block.series) if series.metric == METRIC]
    if not places:
        return wanted, []
    apart = np.isin(np.frombuffer(block.index, np.int32), places)
    if wanted is None:
        wanted = np.ones(len(block), np.bool_)
    rows = np.flatnonzero(apart & wanted).tolist()
    arrived = [
        Arrived(block.series[block.index[row]].device, value.raw)
        for row in rows
        if isinstance(value := block.others.get(row), Data)
    ]
    return wanted & ~apart, arrived
