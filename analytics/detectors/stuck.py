"""A value that does not move, though samples come."""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.tracks import Classes, Numbers
from analytics.windows.view import View
from contracts.instants import SECOND
from contracts.rules import Stuck

_COVER: Final = 0.75  # part of the window that samples must span for a verdict


def ranges(view: View, test: Stuck) -> Numbers:
    """Largest value less smallest; NaN where samples are too few, or span too little to be called stuck."""
    found = view.most() - view.least()
    span = (view.final("last_time") - view.first("first_time")) / SECOND
    known = (view.total("count") >= test.least) & (span >= _COVER * test.over)
    return np.where(known | (found > test.tolerance), found, np.nan)


def classify(values: Numbers, test: Stuck) -> Classes:
    """Class of each range."""
    return (values <= test.tolerance).astype(np.int8) - (values > test.tolerance).astype(np.int8)
