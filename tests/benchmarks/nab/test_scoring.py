"""The scorer against sums worked out by hand from the published definition."""

import math
import random

import numpy as np
import pytest

from benchmarks.nab.held_out import halves, one_group_out
from benchmarks.nab.scoring import (
    LOW_FN,
    LOW_FP,
    PROFILES,
    STANDARD,
    Profile,
    Window,
    best,
    normal,
    sigmoid,
    steps,
    total,
    unscored,
)

ROWS = 200  # of which 30 are not scored
WINDOW = (100, 119)  # twenty rows


def said(*rows: int) -> np.ndarray:
    found = np.zeros(ROWS)
    found[list(rows)] = 1.0
    return found


def worth(rows: list[int], profile: Profile = STANDARD, windows: list[Window] | None = None) -> float:
    one = steps(said(*rows), [WINDOW] if windows is None else windows, profile)
    return total([one], 0.5)


def test_places_are_worth_what_the_paper_says() -> None:
    assert sigmoid(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert sigmoid(-0.5) == pytest.approx(0.84828, abs=1e-5)
    assert sigmoid(0.0) == 0.0
    assert sigmoid(1.0) == pytest.approx(-0.98661, abs=1e-5)
    assert sigmoid(3.0) == sigmoid(100.0) == -1.0


@pytest.mark.parametrize("rows, expected", [(200, 30), (1_000, 150), (5_000, 750), (18_000, 750), (7, 1)])
def test_rows_that_are_not_scored(rows: int, expected: int) -> None:
    assert unscored(rows) == expected


def test_an_answer_at_the_left_edge_is_worth_one_and_later_ones_add_nothing() -> None:
    assert worth([100]) == pytest.approx(1.0)
    assert worth([100, 105, 119]) == pytest.approx(1.0)


def test_a_later_answer_is_worth_less() -> None:
    assert worth([110]) == pytest.approx(0.84828 / 0.98661, abs=1e-4)  # half of the window is left
    assert worth([119]) == pytest.approx((2 / (1 + math.exp(-5 / 20)) - 1) / 0.98661, abs=1e-4)


def test_silence_costs_the_window() -> None:
    assert worth([]) == -1.0
    assert worth([], LOW_FN) == -2.0


def test_a_false_alarm_costs_all_before_a_window_and_less_close_behind_one() -> None:
    assert worth([50]) == pytest.approx(-1.11)
    assert worth([50], LOW_FP) == pytest.approx(-1.22)
    assert worth([120]) == pytest.approx(-1.0 - 0.11 * (1 - 2 / (1 + math.exp(5 / 19))))
    assert worth([119 + 19]) == pytest.approx(-1.0 - 0.11 * 0.98661, abs=1e-6)
    assert worth([119 + 57]) == pytest.approx(-1.11)  # three widths behind


def test_the_beginning_is_not_scored() -> None:
    assert worth([0, 29]) == -1.0
    assert worth([30]) == pytest.approx(-1.11)
    assert steps(said(10), [(5, 15)], STANDARD).windows == 0


def test_a_series_without_a_window_can_only_lose() -> None:
    assert worth([], windows=[]) == 0.0
    assert worth([60, 150], windows=[]) == pytest.approx(-0.22)


@pytest.mark.parametrize("profile", PROFILES)
def test_silence_is_0_and_perfection_100(profile: Profile) -> None:
    assert normal(worth([], profile), 1, profile) == 0.0
    assert normal(worth([100], profile), 1, profile) == pytest.approx(100.0)
    assert math.isnan(normal(0.0, 0, profile))


def test_the_best_threshold_is_the_best_of_all() -> None:
    dice = random.Random(1)
    corpus = []
    for _ in range(12):
        found = np.array([round(dice.random(), 2) for _ in range(ROWS)])  # with many ties
        corpus.append(steps(found, [WINDOW, (150, 160)], STANDARD))
    tried = [0.0, *(number / 100 for number in range(101)), 1.01]
    assert total(corpus, best(corpus)) == pytest.approx(max(total(corpus, one) for one in tried))


def test_nothing_is_said_where_every_answer_costs() -> None:
    corpus = [steps(said(50), [], STANDARD)]
    assert total(corpus, best(corpus)) == 0.0


def test_a_group_held_out_is_scored_by_the_thresholds_of_the_others() -> None:
    loud = steps(said(100) * 0.9 + said(60) * 0.5, [WINDOW], STANDARD)
    quiet = steps(said(100) * 0.4 + said(60) * 0.1, [WINDOW], STANDARD)
    # The loud one's threshold (0.9) finds nothing in the quiet one; the quiet one's (0.4) adds a false alarm.
    assert one_group_out([loud, quiet], ["a", "b"], STANDARD) == pytest.approx((0.89 - 1.0 + 2.0) / 4.0 * 100)
    assert one_group_out([loud, quiet, loud, quiet], ["a", "b", "b", "a"], STANDARD) > 90.0


def test_halves_of_equal_series_score_alike() -> None:
    found = halves([steps(said(100), [WINDOW], STANDARD)] * 6, STANDARD, seed=1)
    assert found == {"mean": pytest.approx(100.0), "sd": 0.0, "p10": pytest.approx(100.0)}
