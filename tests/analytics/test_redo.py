"""Samples in any order end as samples in order: the same alerts are open, and no episode goes untold."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import redo
from analytics.evaluate import Evaluator, Kept
from analytics.redo import Episode
from analytics.values import Values
from contracts.judgements import Judgement, Verdict
from contracts.rules import Threshold
from contracts.series import Series
from tests.analytics.conftest import Kit

HOT = Threshold(limit=80.0, clear=70.0)
Sample = tuple[int, int, float]  # kiosk, seconds after the kit's now, value


class Desk:
    """What alerts makes of judgements: each id once, one alert a series, until it is cleared."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.told: dict[str, list[tuple[int, int | None]]] = {}
        self._ids: set[str] = set()

    def take(self, found: Sequence[Judgement]) -> None:
        for one in found:
            if one.id in self._ids:
                continue
            self._ids.add(one.id)
            history = self.told.setdefault(one.device, [])
            if one.verdict is not Verdict.CLEARED and one.device not in self.open:
                self.open[one.device] = one.time
                history.append((one.time, None))
            elif one.verdict is Verdict.CLEARED and self.open.pop(one.device, None) is not None:
                history[-1] = (history[-1][0], one.time)


class Job:
    """An evaluator beside a store, as the live job has them."""

    def __init__(self, kit: Kit, hold: float) -> None:
        self.kit = kit
        self.rule = kit.rule(msgspec.structs.replace(HOT, hold=hold), "temperature")
        self.evaluator = Evaluator([self.rule])
        self.stored: dict[tuple[Series, float], float] = {}
        self.desk = Desk()

    @property
    def watch(self) -> Values:
        (watch,) = self.evaluator.watches
        assert isinstance(watch, Values)
        return watch

    def take(self, samples: Sequence[Sample]) -> None:
        rows = [(self.kit.series(device=f"kiosk-{kiosk}"), float(at), value) for kiosk, at, value in samples]
        self.stored |= {(series, at): value for series, at, value in rows}
        self.desk.take(self.evaluator.take(self.kit.samples(rows), self.kit.scene(600)))

    def redo(self) -> None:
        rows = [(series, at, value) for (series, at), value in self.stored.items()]
        watch = self.watch
        self.desk.take(watch.redo(sorted(watch.doubted), self.kit.samples(rows), self.kit.scene(600)))

    def restart(self) -> None:
        kept = msgspec.msgpack.decode(msgspec.msgpack.encode(self.evaluator.save()), type=list[Kept])
        self.evaluator = Evaluator([self.rule])
        assert self.evaluator.restore(kept, self.kit.scene(600)) == []
        self.watch.doubt_all()

    def firing(self) -> set[str]:
        tracks = self.watch.tracks
        return {series.device for row, series in enumerate(tracks.series) if tracks.firing[row]}


SAMPLES = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 500), st.sampled_from([60.0, 75.0, 90.0])),
    unique_by=lambda sample: sample[:2],
    min_size=1,
    max_size=25,
)


@given(
    SAMPLES, st.randoms(use_true_random=False), st.integers(1, 6), st.sampled_from([0.0, 30.0]), st.booleans()
)
def test_any_order_ends_as_the_order_of_time(
    kit: Kit, samples: list[Sample], chance: random.Random, size: int, hold: float, kill: bool
) -> None:
    right = Job(kit, hold)
    right.take(sorted(samples, key=lambda sample: sample[1]))
    mixed = samples.copy()
    chance.shuffle(mixed)
    job = Job(kit, hold)
    for first in range(0, len(mixed), size):
        job.take(mixed[first : first + size])
        if kill and chance.random() < 0.3:
            job.restart()
        if chance.random() < 0.5:
            job.redo()
            assert set(job.desk.open) == job.firing()
    while job.watch.doubted:
        job.redo()
    assert job.watch.overdue_samples == 0
    assert set(job.desk.open) == job.firing() == right.firing()
    untold = owed = 0
    for device, episodes in right.desk.told.items():
        told = job.desk.told.get(device, [])
        for start, end in episodes:
            overlaps = any(a <= (end or float("inf")) and start <= (b or float("inf")) for a, b in told)
            untold += not overlaps
            owed += not overlaps and device in job.desk.open
    assert untold == owed <= job.watch.passed  # the others wait for the end of the alert that is open


def test_a_short_peak_that_came_late_is_told_and_over(kit: Kit) -> None:
    job = Job(kit, 0)
    job.take([(1, 0, 60.0), (1, 40, 60.0)])
    job.take([(1, 20, 90.0), (1, 30, 60.0)])
    assert job.desk.told == {}
    job.redo()
    at = [kit.now + 20_000_000, kit.now + 30_000_000]
    assert job.desk.told == {"kiosk-1": [(at[0], at[1])]}
    job.redo()
    job.watch.doubt_all()
    job.redo()
    assert job.desk.told == {"kiosk-1": [(at[0], at[1])]}


def test_an_alert_that_late_samples_take_the_ground_from_ends(kit: Kit) -> None:
    job = Job(kit, 30)
    job.take([(1, 0, 90.0), (1, 40, 90.0)])
    assert set(job.desk.open) == {"kiosk-1"}
    job.take([(1, 20, 60.0)])  # it was well in between: no 30 seconds without a break
    job.redo()
    assert job.desk.open == {}
    job.take([(1, 60, 90.0)])
    assert job.desk.open == {}
    job.take([(1, 70, 90.0)])
    assert set(job.desk.open) == {"kiosk-1"}


def test_an_older_peak_is_told_when_the_open_alert_is_over(kit: Kit) -> None:
    job = Job(kit, 0)
    job.take([(1, 0, 60.0), (1, 40, 90.0)])
    job.take([(1, 10, 90.0), (1, 20, 60.0)])
    job.redo()
    assert job.desk.open == {"kiosk-1": kit.now + 40_000_000}
    assert job.watch.passed == 1
    job.take([(1, 60, 60.0)])
    job.redo()
    at = [kit.now + seconds * 1_000_000 for seconds in (10, 20, 40, 60)]
    assert job.desk.told == {"kiosk-1": [(at[2], at[3]), (at[0], at[1])]}
    assert job.watch.passed == 0


def test_an_older_peak_is_told_when_late_samples_end_the_open_alert(kit: Kit) -> None:
    job = Job(kit, 30)
    job.take([(1, 0, 60.0), (1, 100, 90.0), (1, 140, 90.0)])
    job.take([(1, 10, 90.0), (1, 50, 90.0), (1, 60, 60.0), (1, 90, 60.0)])
    job.redo()
    assert job.watch.passed == 1
    job.take([(1, 120, 60.0)])
    for _ in range(2):
        job.redo()
    assert [(start - kit.now) // 1_000_000 for start, _ in job.desk.told["kiosk-1"]] == [140, 50]
    assert (job.desk.open, job.watch.passed) == ({}, 0)


def test_an_older_peak_is_counted_where_the_open_alert_lasts_too_long(kit: Kit) -> None:
    job = Job(kit, 0)
    job.take([(1, 0, 60.0), (1, 40, 90.0)])
    job.take([(1, 10, 90.0), (1, 20, 60.0)])
    job.redo()
    for minute in range(1, 40):
        job.take([(1, 60 * minute, 90.0)])
    job.take([(1, 2400, 60.0)])
    job.redo()
    assert (len(job.desk.told["kiosk-1"]), job.watch.passed) == (1, 1)
    job.watch.doubt_all()
    job.redo()
    assert job.watch.passed == 1


@pytest.mark.parametrize(
    "said,found,firing,expected",
    [
        ([], [(1, True), (2, False)], False, [(1, 2)]),
        ([], [(1, True)], False, []),  # not over
        ([], [(2, False)], True, []),  # began before
        ([(1, True), (3, False)], [(2, True), (4, False)], False, []),  # the same, seen otherwise
        ([(5, True), (6, False)], [(1, True), (2, False), (5, True), (6, False)], False, [(1, 2)]),
        ([(3, False)], [(1, False), (4, True), (5, False)], True, [(4, 5)]),
    ],
)
def test_missed_by_hand(
    said: list[redo.Turn], found: list[redo.Turn], firing: bool, expected: list[tuple[int, int]]
) -> None:
    assert redo.missed(said, found, firing=firing) == [Episode(*span) for span in expected]
