"""How fast failures use up what an objective allows: 1 where both windows of a pair burn at its factor."""

from __future__ import annotations

import numpy as np

from analytics.tracks import Numbers
from analytics.windows.view import View
from contracts.rules import BurnRate, Side


def limit(test: BurnRate) -> float:
    """Above it a sample counts in `bad`: as a failure, or as none where those lie below."""
    return test.limit if test.side is Side.ABOVE else float(np.nextafter(test.limit, -np.inf))


def burns(view: View, test: BurnRate) -> Numbers:
    """The worst pair's slower window, over its factor; NaN where samples are too few."""
    worst = np.full(len(view), np.nan)
    for pair in test.pairs:
        long, short = (round(one / test.step) for one in (pair.long, pair.short))
        both = np.minimum(_burn(view, long, test), _burn(view, short, test)) / pair.factor
        known = np.where(view.total("count", long) >= test.least, both, np.nan)
        worst = np.fmax(worst, known)
    return worst


def _burn(view: View, panes: int, test: BurnRate) -> Numbers:
    count, above = view.total("count", panes), view.total("bad", panes)
    bad = above if test.side is Side.ABOVE else count - above
    share = np.divide(bad, count, out=np.zeros(len(count)), where=count > 0)
    return share / (1.0 - test.objective)
