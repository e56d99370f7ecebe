"""Each statistic sees its own kind of event, and is kept as the others are."""

import math
import random

import numpy as np
import pytest

from analytics.detectors.anomaly.alone import Alone, Statistic, restored
from analytics.detectors.anomaly.change import Change
from analytics.detectors.anomaly.discord import Discord
from analytics.detectors.anomaly.errors import NotFinite, NotKept
from analytics.detectors.anomaly.ewma import Ewma
from analytics.detectors.anomaly.novelty import KEPT, Novelty
from analytics.detectors.anomaly.once import HOLD, Once
from analytics.detectors.anomaly.spectral import Spectral

KINDS = [Change, Discord, Ewma, Novelty, Spectral]


def wave(count: int, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [10.0 * math.sin(number / 8) + dice.gauss(0.0, 0.3) for number in range(count)]


def taken(statistic: Statistic, values: list[float]) -> list[float]:
    return [statistic.take(value) for value in values]


@pytest.mark.parametrize("kind", [Ewma, Novelty, Spectral])
def test_a_spike_stands_out(kind: type[Statistic]) -> None:
    values = wave(600)
    values[500] += 40.0
    found = taken(kind(), values)
    assert found[500] > 1.2 * max(found[150:500])


def test_a_strange_stretch_of_ordinary_values_is_a_discord_and_no_novelty() -> None:
    values = wave(1_000)
    values[800:840] = [2.0] * 40  # the wave stands still at a value it often has
    found = taken(Discord(), values)
    assert max(found[805:860]) > 2.0 * max(found[300:800])
    seen = taken(Novelty(), values)
    assert max(seen[805:860]) < max(seen[300:800])


def test_a_discord_is_the_distance_to_the_nearest_faded_stretch() -> None:
    values = wave(150)
    found = Discord()
    for value in values[:-1]:
        found.take(value)
    weights = 0.95 ** np.arange(200)
    expected = min(
        sum(weights[back] * (values[149 - back] - values[149 - lag - back]) ** 2 for back in range(150 - lag))
        for lag in range(41, 150 - 40)
    )
    assert found.take(values[-1]) == pytest.approx(math.sqrt(expected * 0.05), rel=1e-9)


def test_a_small_change_of_level_fills_the_sum_and_is_forgiven() -> None:
    dice = random.Random(3)
    values = [dice.gauss(0.0, 1.0) + (1.5 if number >= 1_000 else 0.0) for number in range(4_000)]
    found = taken(Change(), values)
    assert max(found[1_000:1_100]) > 3.0 * max(found[300:1_000])
    assert max(found[3_500:]) < max(found[1_000:1_100]) / 3.0


def test_an_event_does_not_inflate_the_deviation() -> None:
    calm, hit = Ewma(), Ewma()
    taken(calm, wave(1_000))
    taken(hit, [*wave(995), *[1e3] * 5])
    assert hit.deviation < 1.2 * calm.deviation


def test_novelty_is_the_gap_to_the_nearest_of_the_last_values() -> None:
    novelty, dice, past = Novelty(), random.Random(2), list[float]()
    for _ in range(KEPT + 500):
        value = float(dice.randrange(50_000))
        span = novelty.span
        far = novelty.take(value)
        kept = past[-KEPT:]
        if span > 0.0:
            gap = float(np.abs(np.asarray(kept) - value).min())
            assert far == pytest.approx(gap / span, abs=1e-12)
        past.append(value)
    assert sorted(novelty.past) == novelty.ordered.tolist() == sorted(past[-KEPT:])


def test_what_was_said_is_said_again_only_when_it_is_more_or_long_ago() -> None:
    once = Once()
    told = [once.take(far) for far in [1.0, 1.0, 0.9, 2.0, *[0.5] * HOLD, 2.0]]
    assert told[0] == 1.0
    assert told[1] == told[2] == 0.0
    assert 0.0 < told[3] < 2.0  # a new high, in the ears of one who heard one just now
    assert 0.0 < told[-1] < 2.0


@pytest.mark.parametrize("kind", KINDS)
def test_every_statistic_goes_on_from_its_saved_memory(kind: type[Statistic]) -> None:
    values = wave(2_500 if kind is Discord else 700)
    whole, first = Alone(statistic=kind()), Alone(statistic=kind())
    expected = [whole.score(0, value) for value in values]
    half = len(values) // 2
    found = [first.score(0, value) for value in values[:half]]
    again = restored(first.save())
    assert found + [again.score(0, value) for value in values[half:]] == expected
    assert all(0.0 <= score < 1.0 for score in expected)


@pytest.mark.parametrize("kind", KINDS)
def test_another_unit_gives_the_same_scores(kind: type[Statistic]) -> None:
    plain, moved = Alone(statistic=kind()), Alone(statistic=kind())
    for value in wave(500, seed=4):
        assert moved.score(0, 1.8 * value + 32.0) == pytest.approx(plain.score(0, value), abs=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(NotFinite):
        Alone(statistic=Ewma()).score(0, math.nan)
    broken = Alone(statistic=Discord(distance=np.zeros(2_048)))
    broken.statistic.distance = np.zeros(3)  # type: ignore[union-attr]
    with pytest.raises(NotKept, match="belong together"):
        restored(broken.save())
