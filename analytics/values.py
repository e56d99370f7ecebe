"""Rules that judge each sample, in the order of its time however it comes: threshold, hour of week."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from analytics import redo, wording
from analytics.detectors import hour_of_week, threshold
from analytics.redo import Episode, Turn
from analytics.samples import Samples
from analytics.tracks import NEVER, Classes, Mask, Moves, Numbers, Rows, Saved, Times, Tracks
from analytics.watches import Scene, Watch
from contracts import measurements
from contracts.instants import SECOND
from contracts.judgements import Evidence, Judgement, Text, Verdict
from contracts.rules import HourOfWeek, Rule, Threshold
from contracts.series import Series


class Values(Watch):
    """A rule that judges each sample: threshold, hour of week.

    Samples that come after a newer one of their series are judged by `redo`, in their place among the others.
    """

    def __init__(self, rule: Rule, test: Threshold | HourOfWeek) -> None:
        super().__init__(rule)
        self.test = test
        self.baseline = hour_of_week.Baseline(0)
        self.old = 0  # samples beyond the horizon
        self.overdue_samples = 0  # that came too late to be judged in their place
        self.doubted: set[int] = set()  # rows whose samples were not all judged in their place
        self._said: dict[int, list[Turn]] = {}
        self._owed: dict[int, list[int]] = {}  # row → starts of episodes to be told when the open one is over
        self._forgotten = 0  # of these, those that were too old by then
        self._hold = round(test.hold * SECOND)

    @property
    def passed(self) -> int:
        """Episodes that came late and of which nothing is said: not yet, or not any more."""
        return self._forgotten + sum(map(len, self._owed.values()))

    def take(self, samples: Samples, scene: Scene) -> list[Judgement]:
        return self._take(samples, scene, doubt=True)

    def take_again(self, samples: Samples, scene: Scene) -> list[Judgement]:
        """Judge what was read from the store, of which much may have been judged before."""
        return self._take(samples, scene, doubt=False)

    def _take(self, samples: Samples, scene: Scene, *, doubt: bool) -> list[Judgement]:
        at, times, values = self._watchable(samples, scene)
        late = times <= self.tracks.last[at]
        if doubt and late.any():
            self._doubt(at[late], times[late], scene)
        self.old += int((~late & (times < scene.horizon)).sum())
        fresh = ~late & (times >= scene.horizon)
        found = self._judge(self.tracks, *_in_order(at[fresh], times[fresh], values[fresh]), scene)
        for row, one in found:
            if one.verdict is not Verdict.UPDATED:
                self._note(row, one.time, raised=one.verdict is Verdict.RAISED)
            if one.verdict is Verdict.CLEARED and row in self._owed:
                self.doubted.add(row)
        return [one for _, one in found]

    def _doubt(self, at: Rows, times: Times, scene: Scene) -> None:
        reached = (times > self.tracks.older.last[at]) & (times >= scene.horizon)
        self.overdue_samples += int((~reached).sum())
        self.doubted.update(at[reached].tolist())

    def doubt_all(self) -> None:
        """Samples may have come late and unseen: judge every series anew as far back as is remembered."""
        self.doubted.update(np.flatnonzero(self.tracks.older.last[: len(self.tracks)] != NEVER).tolist())

    def since(self, row: int) -> int:
        """From when on `redo` needs the samples of a row (µs UTC)."""
        return int(self.tracks.older.last[row]) + 1

    def redo(self, rows: Sequence[int], samples: Samples, scene: Scene) -> list[Judgement]:
        """Judge doubted rows anew from `since` on, and return what was not said or is no longer so.

        `samples`: all that the store has of them since then; those newer than the newest judged are left out.
        """
        marked = np.array(rows, np.intp)
        self.doubted.difference_update(rows)
        past = self.tracks.rewound(marked)
        at, times, values = self._watchable(samples, scene)
        keep = np.isin(at, marked) & (times > past.last[at]) & (times <= self.tracks.last[at])
        at, times, values = _in_order(at[keep], times[keep], values[keep])
        found: dict[int, list[Judgement]] = {row: [] for row in at.tolist()}
        for row, one in self._judge(past, at, times, values, scene):
            found[row].append(one)
        last = np.append(at[1:] != at[:-1], True) if len(at) else np.empty(0, np.bool_)
        newest = dict(zip(at[last].tolist(), values[last].tolist(), strict=True))
        said = [
            one
            for row, anew in found.items()
            for one in self._unsaid(row, anew, newest[row], firing=bool(past.firing[row]), scene=scene)
        ]
        judged = np.array(list(found), np.intp)
        past.last[judged] = self.tracks.last[judged]
        self.tracks.copy(judged, past)
        self.tracks.newer.copy(judged, self.tracks.older)
        return said

    def _unsaid(
        self, row: int, anew: list[Judgement], value: float, *, firing: bool, scene: Scene
    ) -> list[Judgement]:
        """Of what was found anew: episodes that are over and were not told; the state, where it differs."""
        tracks = self.tracks
        turns = [one for one in anew if one.verdict is not Verdict.UPDATED]
        said = self._turns(row)
        open_before, open_now = bool(tracks.older.firing[row]), bool(tracks.firing[row])
        found = [(one.time, one.verdict is Verdict.RAISED) for one in turns]
        missed = redo.missed(said, found, firing=open_before)
        past = int(tracks.older.last[row])
        self._forgotten += sum(start <= past for start in self._owed.pop(row, ()))
        owed: list[Episode] = []
        if missed and open_now:  # to tell of an earlier one would end the alert that is open
            missed, owed = [], missed
            self._owed[row] = [one.start for one in owed]
            if not firing:  # this time its end is told, the next time these
                self.doubted.add(row)
        times = {time for episode in missed for time in episode}
        told = [one for one in turns if one.time in times]
        if firing != open_now:
            fresh = [
                one
                for one in turns[-1:]
                if (one.time, firing) not in said and one.time not in {two.end for two in owed}
            ]
            told += fresh or [self._state(row, value, firing=firing, scene=scene)]
        for one in told:
            self._note(row, one.time, raised=one.verdict is not Verdict.CLEARED)
        return told

    def _state(self, row: int, value: float, *, firing: bool, scene: Scene) -> Judgement:
        """That a row fires, or fires no more, as of its newest sample."""
        verdict = Verdict.UPDATED if firing else Verdict.CLEARED
        rows, time = np.array([row], np.intp), int(self.tracks.last[row])
        _, *expected = self._measure(rows, np.array([time], np.int64), np.array([value], np.float64))
        return self._judgement(
            row, verdict, (time, time), value, tuple(_known(one[0]) for one in expected), scene
        )

    def _note(self, row: int, time: int, *, raised: bool) -> None:
        self._said[row] = sorted([*self._turns(row), (time, raised)])

    def _turns(self, row: int) -> list[Turn]:
        """What was said of a row since `older`."""
        past = int(self.tracks.older.last[row])
        return [turn for turn in self._said.get(row, ()) if turn[0] > past]

    def save(self) -> list[Saved]:
        return [
            msgspec.structs.replace(one, said=self._turns(row)) if row in self._said else one
            for row, one in enumerate(super().save())
        ]

    def restore(self, saved: list[Saved], *, same: bool) -> list[Saved]:
        left = super().restore(saved, same=same)
        for one in saved:
            if same and one.said and self._watched(one.series):
                self._said[self.tracks.row(one.series)] = one.said
        return left

    def _judge(
        self, tracks: Tracks, rows: Rows, times: Times, values: Numbers, scene: Scene
    ) -> list[tuple[int, Judgement]]:
        """Samples in order of (row, time) → what is to be said of which row."""
        if not len(rows):
            return []
        classes, *expected = self._measure(rows, times, values)
        moves = tracks.move(rows, times, classes, self._hold)
        return [
            (
                int(rows[place]),
                self._judgement(
                    int(rows[place]),
                    _verdict(moves, int(place)),
                    (int(moves.since[place]), int(times[place])),
                    float(values[place]),
                    tuple(_known(column[place]) for column in expected),
                    scene,
                ),
            )
            for place in np.flatnonzero(moves.raised | moves.updated | moves.cleared)
        ]

    def _judgement(
        self,
        row: int,
        verdict: Verdict,
        span: tuple[int, int],
        value: float,
        expected: tuple[float | None, ...],
        scene: Scene,
    ) -> Judgement:
        series = self.tracks.series[row]
        (since, time), (low, usual, high) = span, expected
        evidence = Evidence(
            metric=series.metric,
            instance=series.instance,
            unit=series.unit,
            start=since,
            end=time,
            value=value,
            expected=usual,
            low=low,
            high=high,
            why=self._why(verdict, series, value, (low, high), time - since),
        )
        return self._found(row, verdict, time, evidence, scene)

    def _watchable(self, samples: Samples, scene: Scene) -> tuple[Rows, Times, Numbers]:
        """Rows, times and values of numbers that the rule watches, without those under maintenance."""
        rows = self._rows(samples.series)
        at = rows[samples.index]
        keep = (at >= 0) & ~np.isnan(samples.values)
        if keep.any():
            keep &= ~_maintained(samples, rows, scene)
        return at[keep], samples.times[keep], samples.values[keep]

    def span(self, samples: Samples) -> tuple[int, int] | None:
        """Oldest and newest time of the samples that the rule watches; None where there is none."""
        times = samples.times[self._rows(samples.series)[samples.index] >= 0]
        return (int(times.min()), int(times.max())) if len(times) else None

    def _measure(
        self, rows: Rows, times: Times, values: Numbers
    ) -> tuple[Classes, Numbers, Numbers, Numbers]:
        """Class of each sample, and low, middle, high of what was expected."""
        if isinstance(self.test, Threshold):
            limits = np.full(len(values), self.test.limit)
            nothing = np.full(len(values), np.nan)
            return threshold.classify(values, self.test), nothing, limits, nothing
        expected = self.baseline.expect(rows, times, self.test)
        classes = hour_of_week.classify(values, expected, self.test)
        return classes, expected.low, expected.middle, expected.high

    def _why(
        self,
        verdict: Verdict,
        series: Series,
        value: float,
        usual: tuple[float | None, float | None],
        held: int,
    ) -> Text:
        if series.metric == measurements.ALARM:
            return wording.alarm(series, active=verdict is not Verdict.CLEARED)
        if verdict is Verdict.CLEARED:
            return wording.normal(series, value)
        if isinstance(self.test, Threshold):
            return wording.beyond(series, value, self.test.limit, self.test.side, held // SECOND)
        entry = measurements.find(series.metric)
        low, high = usual[0] or 0.0, usual[1] or 0.0
        if entry is not None and entry.low is not None:
            low = max(low, entry.low)
        return wording.unusual(series, value, low, high)


def _in_order(at: Rows, times: Times, values: Numbers) -> tuple[Rows, Times, Numbers]:
    """By (row, time), one an instant: the last of them."""
    order = np.lexsort((times, at))
    at, times, values = at[order], times[order], values[order]
    last_of_equal = np.ones(len(at), np.bool_)
    last_of_equal[:-1] = (at[1:] != at[:-1]) | (times[1:] != times[:-1])
    return at[last_of_equal], times[last_of_equal], values[last_of_equal]


def _maintained(samples: Samples, rows: Rows, scene: Scene) -> Mask:
    """Which samples were taken under planned maintenance of their device."""
    mask = np.zeros(len(samples), np.bool_)
    for number in np.flatnonzero(rows >= 0).tolist():
        entry = scene.roster.get(samples.series[number].device)
        for window in entry.maintenance if entry else ():
            inside = (samples.times >= window.start) & (samples.times < window.end)
            mask |= (samples.index == number) & inside
    return mask


def _verdict(moves: Moves, place: int) -> Verdict:
    if moves.raised[place]:
        return Verdict.RAISED
    return Verdict.CLEARED if moves.cleared[place] else Verdict.UPDATED


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
