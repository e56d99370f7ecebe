import math

import numpy as np
import pytest

from analytics.detectors.anomaly.ensemble import THRESHOLD, fresh, restored
from analytics.detectors.anomaly.errors import NotFinite, NotKept
from contracts.instants import MINUTE


def scores(values: list[float]) -> list[float]:
    detector = fresh(calendar=False)
    return [detector.score(number * 5 * MINUTE, value) for number, value in enumerate(values)]


def test_a_jump_in_noise_is_an_anomaly_and_the_noise_is_not() -> None:
    values = np.random.default_rng(1).normal(10.0, 1.0, 1_500)
    values[1_200] += 15.0
    found = scores(values.tolist())
    assert found[1_200] > THRESHOLD
    assert sum(score > THRESHOLD for score in found[600:1_200]) <= 2
    assert all(0.0 <= score <= 1.0 for score in found)


def test_a_saved_detector_goes_on_with_the_same_scores() -> None:
    values = np.random.default_rng(2).normal(10.0, 1.0, 400).tolist()
    detector = fresh(calendar=False)
    for number, value in enumerate(values[:200]):
        detector.score(number * MINUTE, value)
    again = restored(detector.save())
    for number, value in enumerate(values[200:], 200):
        assert again.score(number * MINUTE, value) == detector.score(number * MINUTE, value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(NotFinite, match="not finite"):
        fresh(calendar=False).score(0, value)


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x81\xa7version\x63"])
def test_a_damaged_memory_is_refused(raw: bytes) -> None:
    with pytest.raises(NotKept, match="afresh"):
        restored(raw)
