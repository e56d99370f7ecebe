"""Windows against a slow twin; however samples are cut, and in whatever order within the lateness."""

import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.windows import Closed, Panes, Runs

Sample = tuple[int, int, float]
Told = tuple[int, int, float, float, float, float]


def columns(samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, times, values = zip(*samples, strict=True) if samples else ((), (), ())
    return np.array(rows, np.intp), np.array(times, np.int64), np.array(values, np.float64)


def told(closed: Closed) -> list[Told]:
    view = closed.view
    return list(
        zip(
            closed.rows.tolist(),
            closed.ends.tolist(),
            view.total("sum").tolist(),
            view.total("rise").tolist(),
            view.total("flips").tolist(),
            view.most().tolist(),
            strict=True,
        )
    )


def slow(samples: Sequence[Sample], size: int, step: int, until: int) -> list[Told]:
    found = []
    for row in {one[0] for one in samples}:
        mine = sorted((time, value) for at, time, value in samples if at == row)
        for end in range(0, until + 1, step):
            inside = [value for time, value in mine if end - size <= time < end]
            if inside and end > mine[0][0]:
                steps = list(pairwise(inside))
                rise = sum(b - a if b >= a else b for a, b in steps)
                flips = sum((a > 1.0) != (b > 1.0) for a, b in steps)
                found.append((row, end, sum(inside), rise, flips, max(inside)))
    return sorted(found)


SAMPLES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 300), st.sampled_from([0.0, 1.0, 2.0, 5.0])),
    unique_by=lambda sample: sample[:2],
    min_size=1,
    max_size=40,
)
SHAPES = st.sampled_from([(10, 10), (30, 10), (60, 20), (50, 5)])


@settings(max_examples=50, deadline=None)
@given(SAMPLES, SHAPES, st.randoms(use_true_random=False), st.integers(1, 9))
def test_any_cut_and_any_order_within_the_lateness(
    samples: list[Sample], shape: tuple[int, int], chance: random.Random, cut: int
) -> None:
    size, step = shape
    lateness = 40
    shuffled = sorted(samples, key=lambda one: one[1] + chance.uniform(0, lateness))
    panes = Panes(size=size, step=step, lateness=lateness, limit=1.0)
    found = []
    for first in range(0, len(shuffled), cut):
        rows, times, values = columns(shuffled[first : first + cut])
        assert (times >= panes.front(rows)).all()
        found += told(panes.take(rows, times, values))
        kept = panes.save()
        panes = panes.fresh()
        for row, raw in kept.items():
            panes.restore(row, raw)
    found += told(panes.close(10_000))
    assert sorted(found) == slow(samples, size, step, 10_000)
    whole = Panes(size=size, step=step, lateness=lateness, limit=1.0)
    at_once = told(whole.take(*columns(samples))) + told(whole.close(10_000))
    assert sorted(at_once) == sorted(found)


def test_floats_do_not_show_how_samples_were_cut() -> None:
    values = np.random.default_rng(7).normal(20, 1e-3, 1_000)
    samples = [(0, number, float(value)) for number, value in enumerate(values)]
    whole = Panes(size=300, step=100)
    parts = Panes(size=300, step=100)
    expected = told(whole.take(*columns(samples)))
    found = [
        one for first in range(0, 1_000, 7) for one in told(parts.take(*columns(samples[first : first + 7])))
    ]
    assert len(found) == 9
    assert found == expected


def test_what_the_clock_closed_is_not_told_again() -> None:
    panes = Panes(size=20, step=10)
    assert told(panes.take(*columns([(0, 3, 1.0)]))) == []
    assert not panes.overdue(9)
    assert panes.overdue(10)
    assert [one[1] for one in told(panes.close(10))] == [10]
    assert [one[1] for one in told(panes.take(*columns([(0, 12, 1.0), (0, 31, 1.0)])))] == [20, 30]
    assert panes.front(np.array([0])).tolist() == [30]


def test_a_series_that_sends_too_much_is_cut_and_counted() -> None:
    panes = Panes(size=10_000, step=10_000)
    panes.take(*columns([(0, number, 1.0) for number in range(5_000)]))
    assert panes.crowded == 5_000 - 4_096


def lone(samples: list[Sample], runs: Runs, cut: int) -> list[tuple[int, int, float]]:
    found = []
    for first in range(0, len(samples), cut):
        closed = runs.take(*columns(samples[first : first + cut]))
        found += list(
            zip(closed.rows.tolist(), closed.ends.tolist(), closed.view.total("count").tolist(), strict=True)
        )
        kept = runs.save()
        for row, raw in kept.items():
            again = Runs(gap=runs._gap, most=runs._most, samples=runs._samples, lateness=runs._lateness)
            again.restore(row, raw)
    closed = runs.close(10_000)
    found += list(
        zip(closed.rows.tolist(), closed.ends.tolist(), closed.view.total("count").tolist(), strict=True)
    )
    return sorted(found)


def test_sessions_by_hand() -> None:
    samples = [(0, at, 1.0) for at in (1, 3, 8, 20, 21, 95, 99, 101)]
    runs = Runs(gap=10, most=100)
    assert lone(samples, runs, 1) == [(0, 18, 3), (0, 31, 2), (0, 100, 2), (0, 111, 1)]


def test_counts_by_hand() -> None:
    samples = [(0, at, float(at)) for at in (1, 3, 8, 20, 21, 95, 99, 101)]
    assert lone(samples, Runs(samples=3), 2) == [(0, 8, 3), (0, 95, 3)]


@pytest.mark.parametrize("kind", ["session", "count"])
@settings(max_examples=50, deadline=None)
@given(SAMPLES, st.randoms(use_true_random=False), st.integers(1, 9))
def test_runs_do_not_show_how_samples_came(
    kind: str, samples: list[Sample], chance: random.Random, cut: int
) -> None:
    def runs() -> Runs:
        return Runs(gap=12, most=100, lateness=30) if kind == "session" else Runs(samples=3, lateness=30)

    shuffled = sorted(samples, key=lambda one: one[1] + chance.uniform(0, 29))
    found = lone(shuffled, runs(), cut)
    assert found == lone(samples, runs(), len(samples))
