"""A value that goes to and fro between two states."""

from __future__ import annotations

import numpy as np

from analytics.tracks import Classes, Numbers
from contracts.rules import Flapping


def classify(changes: Numbers, test: Flapping) -> Classes:
    """Class of so many changes in a window; between the two limits neither."""
    clear = test.changes - 1 if test.clear is None else test.clear
    return (changes >= test.changes).astype(np.int8) - (changes <= clear).astype(np.int8)
