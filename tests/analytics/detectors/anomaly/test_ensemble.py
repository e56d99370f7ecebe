"""The promises of the default detector: causal, saved as it is, and blind to unit, zero and week."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.detectors.anomaly.ensemble import THRESHOLD, Ensemble, fresh, restored
from analytics.detectors.anomaly.errors import NotFinite, NotKept
from analytics.detectors.anomaly.once import HOLD
from contracts.instants import MINUTE, WEEK

Points = list[tuple[int, float]]


def points(seed: int, count: int, step: int = 5 * MINUTE, shape: str = "daily") -> Points:
    """A series with an event: noise, a daily curve, small counts with many ties, or one value only."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        wave = math.sin(2 * math.pi * number * step / (24 * 60 * MINUTE))
        value = {
            "noise": dice.gauss(20.0, 3.0),
            "daily": 50.0 + 20.0 * wave + dice.gauss(0.0, 1.0),
            "counts": float(dice.choice([0, 0, 0, 1, 2, 5])),
            "flat": 45.0,
        }[shape]
        found.append((number * step, value + (60.0 if number == count * 3 // 4 else 0.0)))
    return found


series = st.builds(
    points,
    st.integers(0, 10_000),
    st.integers(60, 900),
    st.sampled_from([MINUTE, 5 * MINUTE, 30 * MINUTE]),
    st.sampled_from(["noise", "daily", "counts", "flat"]),
)


def scores(given_points: Points, *, calendar: bool = False) -> list[float]:
    detector = fresh(calendar=calendar)
    return [detector.score(time, value) for time, value in given_points]


def close(found: list[float], expected: list[float]) -> bool:
    return all(abs(one - other) <= 1e-9 for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("shape", ["noise", "daily", "counts", "flat"])
def test_an_event_is_said_and_said_once(shape: str) -> None:
    found = scores(points(1, 1_200, shape=shape))
    assert found[900] >= THRESHOLD
    assert not any(score >= THRESHOLD for score in found[901 : 901 + HOLD])
    assert sum(score >= THRESHOLD for score in found[300:900]) <= 6
    assert all(0.0 <= score <= 1.0 for score in found)


@given(series, st.data())
@settings(max_examples=25)
def test_a_saved_detector_goes_on_with_the_same_scores(whole: Points, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(whole)))
    detector = fresh(calendar=False)
    head = [detector.score(*point) for point in whole[:cut]]
    again = restored(detector.save())
    assert again.save() == detector.save()
    assert head + [again.score(*point) for point in whole[cut:]] == scores(whole)


@given(series, st.data())
@settings(max_examples=15)
def test_the_scores_of_a_prefix_are_the_prefix_of_the_scores(whole: Points, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(whole)))
    assert scores(whole[:cut]) == scores(whole)[:cut]


@given(
    series,
    st.sampled_from([0.001, 0.37, 3.7, 1_000.0, -1.0, -2.3]),
    st.sampled_from([0.0, 0.1, -273.15, 100.0]),
    st.integers(-500, 3_000),
)
@settings(max_examples=40)
def test_another_unit_zero_or_week_gives_the_same_scores(
    whole: Points, factor: float, zero: float, weeks: int
) -> None:
    moved = [(time + weeks * WEEK, factor * (value + zero)) for time, value in whole]
    assert close(scores(moved), scores(whole))


def test_a_level_that_stays_is_forgiven() -> None:
    whole = [
        (time, value + (100.0 if number >= 3_000 else 0.0))
        for number, (time, value) in enumerate(points(3, 6_000))
    ]
    found = scores([point for number, point in enumerate(whole) if number != 4_500])
    assert max(found[3_000:3_012]) >= THRESHOLD
    assert sum(score >= THRESHOLD for score in found[3_900:]) <= 2


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x81\xa7version\x63", b"\x80"])
def test_a_damaged_memory_is_refused(raw: bytes) -> None:
    with pytest.raises(NotKept, match="afresh"):
        restored(raw)


def test_a_memory_whose_parts_do_not_fit_is_refused() -> None:
    detector = Ensemble(daily=fresh(calendar=False).daily)  # type: ignore[attr-defined]
    detector.values.past.append(1.0)
    with pytest.raises(NotKept, match="belong together"):
        restored(detector.save())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e301])
def test_what_is_no_number_is_refused_and_not_remembered(value: float) -> None:
    detector = fresh(calendar=False)
    detector.score(0, 1.0)
    before = detector.save()
    with pytest.raises(NotFinite, match="leave the sample out"):
        detector.score(1, value)
    assert detector.save() == before


@pytest.mark.parametrize("value", [1e300, 5e-324, -1e300])
def test_extreme_values_score_between_0_and_1(value: float) -> None:
    found = scores([*points(1, 100), (101 * MINUTE, value), (102 * MINUTE, -value), (103 * MINUTE, 0.0)])
    assert all(0.0 <= score <= 1.0 for score in found)


def test_a_memory_has_a_limit() -> None:
    detector = fresh(calendar=True)
    sizes = []
    for time, value in points(4, 9_500, shape="noise"):
        detector.score(time, value)
        sizes.append(len(detector.save()) if time % (500 * 5 * MINUTE) == 0 else 0)
    assert max(sizes) < 140_000
