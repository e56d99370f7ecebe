"""A value beyond a limit; well again beyond `clear`, which may lie apart (hysteresis)."""

from __future__ import annotations

import numpy as np

from analytics.tracks import Classes, Numbers
from contracts.rules import Rate, Side, Threshold


def classify(values: Numbers, test: Threshold | Rate) -> Classes:
    """Class of each value. At the limit itself a value is well; at `clear` too."""
    clear = test.limit if test.clear is None else test.clear
    if test.side is Side.BELOW:
        wrong, well = values < test.limit, values >= clear
    else:
        wrong, well = values > test.limit, values <= clear
    return wrong.astype(np.int8) - well.astype(np.int8)
