"""Whose samples are not judged: those of devices under planned maintenance."""

from __future__ import annotations

import numpy as np

from analytics.samples import Samples
from analytics.tracks import Mask, Rows
from analytics.watches import Scene


def maintained(samples: Samples, rows: Rows, scene: Scene) -> Mask:
    """Which samples were taken under planned maintenance of their device."""
    mask = np.zeros(len(samples), np.bool_)
    for number in np.flatnonzero(rows >= 0).tolist():
        entry = scene.roster.get(samples.series[number].device)
        for window in entry.maintenance if entry else ():
            inside = (samples.times >= window.start) & (samples.times < window.end)
            mask |= (samples.index == number) & inside
    return mask
