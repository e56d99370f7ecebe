"""Rules that judge samples or windows of them, in the order of time however they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from analytics import evidence, excused, kinds, redo, wording
from analytics.detectors import hour_of_week
from analytics.evidence import Usual, usual
from analytics.redo import Episode, Turn
from analytics.samples import Samples
from analytics.tracks import NEVER, Moves, Numbers, Rows, Saved, Times, Tracks
from analytics.watches import Scene, Watch
from analytics.windows import Closed, Panes
from analytics.windows.waiting import in_order
from contracts.instants import MINUTE
from contracts.judgements import Judgement, Verdict
from contracts.rules import Maintenance, Rule
from contracts.series import Series

PATIENCE: Final = 2 * MINUTE  # beyond its end and its lateness a window waits for samples, then it is closed
FAR: Final = 2**62  # µs UTC, beyond all samples
Columns = tuple[Rows, Times, Numbers]


class Values(Watch):
    """A rule that judges series one by one: each sample, or windows of samples.

    What comes after a newer sample of its series, or after its window was closed, is judged by `redo`, in its
    place among the others.
    """

    def __init__(self, rule: Rule, test: kinds.Valued) -> None:
        super().__init__(rule)
        self.test = test
        self.baseline = hour_of_week.Baseline(0)
        self.stage = kinds.stage(rule)
        self.old = 0  # samples beyond the horizon
        self.overdue_samples = 0  # that came too late to be judged in their place
        self.doubted: set[int] = set()  # rows whose samples were not all judged in their place
        self._said: dict[int, list[Turn]] = {}
        self._owed: dict[int, list[int]] = {}  # row → starts of episodes to be told when the open one is over
        self._forgotten = 0  # of these, those that were too old by then
        self._hold = kinds.hold(rule)
        self._calm = kinds.calm(rule)
        self._reach = self.stage.reach if self.stage else 0

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
        late = times < self.stage.front(at) if self.stage else times <= self.tracks.last[at]
        if doubt and late.any():
            self._doubt(at[late], times[late], scene)
        self.old += int((~late & (times < scene.horizon)).sum())
        fresh = ~late & (times >= scene.horizon)
        at, times, values = at[fresh], times[fresh], values[fresh]
        if self.stage:
            return self._tell(self._windows(self.stage.take(at, times, values)), scene)
        return self._tell(in_order(at, times, values), scene)

    def overdue(self, scene: Scene, since: int) -> bool:
        del since
        return self.stage is not None and self.stage.overdue(scene.now - PATIENCE)

    def tick(self, scene: Scene, since: int) -> list[Judgement]:
        """Close windows of series that fell silent."""
        del since
        if self.stage is None:
            return []
        return self._tell(self._windows(self.stage.close(scene.now - PATIENCE)), scene)

    def _windows(self, closed: Closed) -> Columns:
        return closed.rows, closed.ends, kinds.points(self.rule, closed, self.tracks.series)

    def _tell(self, columns: Columns, scene: Scene) -> list[Judgement]:
        found = self._judge(self.tracks, *columns, scene)
        for row, one in found:
            if one.verdict is not Verdict.UPDATED:
                self._note(row, one.time, raised=one.verdict is Verdict.RAISED)
            if one.verdict is Verdict.CLEARED and row in self._owed:
                self.doubted.add(row)
        return [one for _, one in found]

    def _doubt(self, at: Rows, times: Times, scene: Scene) -> None:
        again = self.stage is None or isinstance(self.stage, Panes)
        reached = (times + self._reach > self.tracks.older.last[at]) & (times >= scene.horizon) & again
        self.overdue_samples += int((~reached).sum())
        self.doubted.update(at[reached].tolist())

    def doubt_all(self) -> None:
        """Samples may have come late and unseen: judge every series anew as far back as is remembered."""
        if self.stage and not self._reach:
            return  # sessions and counts cannot be judged again
        self.doubted.update(np.flatnonzero(self.tracks.older.last[: len(self.tracks)] != NEVER).tolist())

    def newest(self, series: Series) -> int:
        """Time of the newest sample taken of a series; NEVER: there is none yet, FAR: none is wanted."""
        row = self.tracks.find(series)
        if row is None:
            known = self._roster is None or self._carries(self.rule.select.labels, series.device)
            return NEVER if known and self._places.get(series) != -1 else FAR
        return self.stage.seen(row) if self.stage else int(self.tracks.last[row])

    def since(self, row: int) -> int:
        """From when on `redo` needs the samples of a row (µs UTC)."""
        return int(self.tracks.older.last[row]) + 1 - self._reach

    def until(self, row: int) -> int:
        """Up to when `redo` needs them, without that instant."""
        return self.newest(self.tracks.series[row]) + 1

    def redo(self, rows: Sequence[int], samples: Samples, scene: Scene) -> list[Judgement]:
        """Judge doubted rows anew from `since` on, and return what was not said or is no longer so.

        `samples`: all that the store has of them since then; those newer than the newest judged are left out.
        """
        marked = np.array(rows, np.intp)
        self.doubted.difference_update(rows)
        past = self.tracks.rewound(marked)
        at, times, values = self._watchable(samples, scene)
        keep = np.isin(at, marked) & (times > past.last[at] - self._reach)
        waiting: Columns | None = None
        if isinstance(self.stage, Panes):
            closed = keep & (times < self.stage.front(at))
            waiting = at[keep & ~closed], times[keep & ~closed], values[keep & ~closed]
            fresh = self.stage.fresh()
            again = fresh.again(at[closed], times[closed], values[closed], self.stage.front(marked), marked)
            self.stage.redone(marked, fresh)
            at, times, values = self._windows(again)
            keep = (times > past.last[at]) & (times <= self.tracks.last[at])
        else:
            keep &= times <= self.tracks.last[at]
        said = self._compare(past, in_order(at[keep], times[keep], values[keep]), scene)
        if isinstance(self.stage, Panes) and waiting is not None:
            said += self._tell(self._windows(self.stage.rest(marked, *waiting)), scene)
        return said

    def _compare(self, past: Tracks, columns: Columns, scene: Scene) -> list[Judgement]:
        at, times, values = columns
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
        return self._judgement(row, verdict, (time, time), value, usual(expected, 0), scene)

    def _note(self, row: int, time: int, *, raised: bool) -> None:
        self._said[row] = sorted([*self._turns(row), (time, raised)])

    def _turns(self, row: int) -> list[Turn]:
        """What was said of a row since `older`."""
        past = int(self.tracks.older.last[row])
        return [turn for turn in self._said.get(row, ()) if turn[0] > past]

    def save(self) -> list[Saved]:
        kept = self.stage.save() if self.stage else {}
        return [
            msgspec.structs.replace(one, said=self._turns(row), kept=kept.get(row, b""))
            if row in self._said or row in kept
            else one
            for row, one in enumerate(super().save())
        ]

    def restore(self, saved: list[Saved], *, same: bool) -> list[Saved]:
        left = super().restore(saved, same=same)
        for one in saved:
            if not same or not self._watched(one.series):
                continue
            row = self.tracks.row(one.series)
            if one.said:
                self._said[row] = one.said
            if one.kept and self.stage:
                self.stage.restore(row, one.kept)
        return left

    def _measure(self, rows: Rows, times: Times, values: Numbers) -> kinds.Measured:
        return kinds.measure(self.test, self.baseline, rows, times, values)

    def _judge(
        self, tracks: Tracks, rows: Rows, times: Times, values: Numbers, scene: Scene
    ) -> list[tuple[int, Judgement]]:
        """Samples in order of (row, time) → what is to be said of which row."""
        if not len(rows):
            return []
        classes, *expected = self._measure(rows, times, values)
        if self.calendar is not None:
            classes[~self.calendar.mask(times - bool(self.stage))] = -1  # a window belongs to what it ends in
        moves = tracks.move(rows, times, classes, self._hold, self._calm)
        return [
            (
                int(rows[place]),
                self._judgement(
                    int(rows[place]),
                    _verdict(moves, int(place)),
                    (int(moves.since[place]), int(times[place])),
                    float(values[place]),
                    usual(expected, int(place)),
                    scene,
                ),
            )
            for place in np.flatnonzero(moves.raised | moves.updated | moves.cleared)
        ]

    def _judgement(
        self, row: int, verdict: Verdict, span: tuple[int, int], value: float, expected: Usual, scene: Scene
    ) -> Judgement:
        series, windowed = self.tracks.series[row], self.stage is not None
        seen = evidence.of(self.rule, series, verdict, span, value, expected, windowed=windowed)
        if verdict is Verdict.CLEARED and self.calendar and not self.calendar.at(span[1] - bool(self.stage)):
            seen = msgspec.structs.replace(seen, why=wording.inactive())
        if self._reach:
            seen = msgspec.structs.replace(seen, start=seen.start - self._reach)
        return self._found(row, verdict, span[1], seen, scene)

    def _watchable(self, samples: Samples, scene: Scene) -> tuple[Rows, Times, Numbers]:
        """Rows, times and values of numbers that the rule watches, without those under maintenance."""
        self._look(scene)
        rows = self._rows(samples.series)
        at = rows[samples.index]
        keep = (at >= 0) & ~np.isnan(samples.values)
        if keep.any() and self.rule.maintenance is not Maintenance.JUDGE:
            keep &= ~excused.maintained(samples, rows, scene)
        return at[keep], samples.times[keep], samples.values[keep]

    def span(self, samples: Samples) -> tuple[int, int] | None:
        """Oldest and newest time of the samples that the rule watches; None where there is none."""
        times = samples.times[self._rows(samples.series)[samples.index] >= 0]
        return (int(times.min()), int(times.max())) if len(times) else None


def _verdict(moves: Moves, place: int) -> Verdict:
    if moves.raised[place]:
        return Verdict.RAISED
    return Verdict.CLEARED if moves.cleared[place] else Verdict.UPDATED
