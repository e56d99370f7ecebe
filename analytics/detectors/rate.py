"""A value that changes too fast: from the first sample of a window to its last, by the time between them."""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.tracks import Mask, Numbers
from analytics.windows.view import View
from contracts.instants import SECOND
from contracts.rules import Rate

_COVER: Final = 0.5  # part of the window that samples must span for a verdict


def rates(view: View, counter: Mask, test: Rate) -> Numbers:
    """Change for each `per` seconds, of a counter what it grew by; NaN where samples span too little."""
    span = (view.final("last_time") - view.first("first_time")) / SECOND
    change = np.where(counter, view.total("rise"), view.final("last") - view.first("first"))
    enough = (span > 0) & (span >= _COVER * test.over)
    return np.where(enough, change / np.where(enough, span, 1.0) * test.per, np.nan)
