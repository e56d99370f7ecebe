import numpy as np
import pytest

from analytics.detectors.threshold import classify
from contracts.rules import Side, Threshold

VALUES = [79.0, 80.0, 80.1, 85.0, 90.0, 90.1]


@pytest.mark.parametrize(
    "test,expected",
    [
        (Threshold(limit=80), [-1, -1, 1, 1, 1, 1]),
        (Threshold(limit=90, clear=80), [-1, -1, 0, 0, 0, 1]),
        (Threshold(limit=80, side=Side.BELOW), [1, -1, -1, -1, -1, -1]),
        (Threshold(limit=80, clear=90, side=Side.BELOW), [1, 0, 0, 0, -1, -1]),
    ],
)
def test_classes_by_hand(test: Threshold, expected: list[int]) -> None:
    assert classify(np.array(VALUES), test).tolist() == expected
