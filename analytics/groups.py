"""Rules that judge groups of devices: a quorum of them, or what several sources say of one place.

A group's windows are closed by its newest sample, less the lateness of the rule. What comes later is left out
and counted: it is not judged again.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from analytics import grouping, verdicts
from analytics.excused import maintained
from analytics.members import Members
from analytics.samples import Samples
from analytics.tracks import NEVER, Saved, Times
from analytics.verdicts import Look, Ruling
from analytics.watches import Scene, Watch
from contracts.instants import MINUTE, SECOND
from contracts.judgements import Evidence, Judgement, Verdict
from contracts.rules import Maintenance, Quorum, Rule, Together
from contracts.series import Series

PATIENCE: Final = 2 * MINUTE  # beyond its end and its lateness a window waits for samples, then it is closed


class Groups(Watch):
    """Rows are groups; what is known of their devices is kept by `members`, one for each input."""

    def __init__(self, rule: Rule, test: Quorum | Together) -> None:
        super().__init__(rule)
        self.test = test
        self.overdue_samples = 0  # that came too late for their group
        self._step, self._lateness = round(test.step * SECOND), round(test.lateness * SECOND)
        self._ruling: Ruling = verdicts.ruling(test)
        self._inputs = [Members(one, self._step) for one in self._ruling.inputs]
        self._closed: Times = np.empty(0, np.int64)  # of each group, up to when it was judged
        self._newest: Times = np.empty(0, np.int64)

    @property
    def _labelled(self) -> bool:
        inputs = any(one.input.select.labels is not msgspec.UNSET for one in self._inputs)
        return super()._labelled or inputs or self.test.by != grouping.SITE

    def _watched(self, series: Series) -> bool:
        return not series.device

    def take(self, samples: Samples, scene: Scene) -> list[Judgement]:
        self._look(scene)
        for members in self._inputs:
            self._lay(members, samples, scene)
        bound = np.where(
            self._newest == NEVER, NEVER, (self._newest - self._lateness) // self._step * self._step
        )
        return self._close(bound, scene)

    def overdue(self, scene: Scene, since: int) -> bool:
        del since
        return any(len(one.panes.ripe(self._patience(scene))) for one in self._inputs)

    def tick(self, scene: Scene, since: int) -> list[Judgement]:
        """Close windows of groups that fell silent."""
        del since
        until = self._patience(scene)
        bound = np.full(len(self._closed), NEVER, np.int64)
        for one in self._inputs:
            ripe = one.panes.ripe(until)
            bound[one.groups_of(ripe)] = until
        return self._close(bound, scene)

    def _patience(self, scene: Scene) -> int:
        return (scene.now - PATIENCE - self._lateness) // self._step * self._step

    def _lay(self, members: Members, samples: Samples, scene: Scene) -> None:
        if self._labelled and self._minute != members.minute:
            members.places.clear()
            members.minute = self._minute
        rows = members.rows(samples.series, self._place)
        at = rows[samples.index]
        keep = (at >= 0) & ~np.isnan(samples.values) & (samples.times >= scene.horizon)
        if keep.any() and self.rule.maintenance is not Maintenance.JUDGE:
            keep &= ~maintained(samples, rows, scene)
        at, times, values = at[keep], samples.times[keep], samples.values[keep]
        more = len(self.tracks) - len(self._closed)
        self._closed = np.concatenate([self._closed, np.full(more, NEVER, np.int64)])
        self._newest = np.concatenate([self._newest, np.full(more, NEVER, np.int64)])
        of = members.groups_of(at)
        late = times < self._closed[of]
        self.overdue_samples += int(late.sum())
        at, times, values, of = at[~late], times[~late], values[~late], of[~late]
        members.panes.lay(at, times, values)
        np.maximum.at(self._newest, of, np.minimum(times, scene.now))

    def _place(self, members: Members, series: Series) -> int:
        """Row of the group of a series; -1 where the rule does not watch it as this input."""
        wanted = (self.rule.select, members.input.select)
        if not all(one.matches(series) and self._carries(one.labels, series.device) for one in wanted):
            return -1
        group = grouping.group(series, self.test.by, self._roster, self.rule.select)
        return -1 if group is None else self.tracks.row(group)

    def _close(self, bound: Times, scene: Scene) -> list[Judgement]:
        due = np.flatnonzero(bound > self._closed)
        if not len(due):
            return []
        asked = np.full(len(bound), NEVER, np.int64)
        asked[due] = bound[due]
        looks = verdicts.looks([one.close(asked) for one in self._inputs])
        self._closed[due] = bound[due]
        return self._judge(looks, scene) if looks else []

    def _judge(self, looks: list[Look], scene: Scene) -> list[Judgement]:
        rows = np.array([look.group for look in looks], np.intp)
        times = np.array([look.end for look in looks], np.int64)
        ruled = self._ruling.judge(looks)
        classes = np.array([one.cls for one in ruled], np.int8)
        active = self.calendar.mask(times - 1) if self.calendar else np.ones(len(times), np.bool_)
        classes[~active] = -1
        moves = self.tracks.move(rows, times, classes, self._hold, self._calm)
        found: list[Judgement] = []
        for place in np.flatnonzero(moves.raised | moves.updated | moves.cleared).tolist():
            one, end = ruled[place], int(times[place])
            verdict = Verdict.RAISED if moves.raised[place] else Verdict.UPDATED
            if moves.cleared[place]:
                verdict = Verdict.CLEARED
            evidence = Evidence(
                start=int(moves.since[place]) - self._step,
                end=end,
                value=one.value,
                expected=one.expected,
                why=verdicts.why(self.rule, verdict, one, active=bool(active[place])),
            )
            found.append(self._found(int(rows[place]), verdict, end, evidence, scene))
        return found

    @property
    def _hold(self) -> int:
        return round(self.test.hold * SECOND)

    @property
    def _calm(self) -> int | None:
        after = self.rule.clears_after
        return None if after is msgspec.UNSET else round(after * SECOND)

    def save(self) -> list[Saved]:
        groups = [
            msgspec.structs.replace(
                one, kept=msgspec.msgpack.encode((int(self._closed[row]), int(self._newest[row])))
            )
            for row, one in enumerate(super().save())
        ]
        return groups + [one for number, members in enumerate(self._inputs) for one in members.save(number)]

    def restore(self, saved: list[Saved], *, same: bool) -> list[Saved]:
        groups = [one for one in saved if not one.series.device]
        if not same:  # groups may have become others: what was said of them ends
            return groups
        self.tracks.restore(groups, timers=True)
        marks = [msgspec.msgpack.decode(one.kept, type=tuple[int, int]) for one in groups]
        self._closed = np.array([closed for closed, _ in marks], np.int64)
        self._newest = np.array([newest for _, newest in marks], np.int64)
        for one in saved:
            if one.series.device:
                self._inputs[one.cls].restore(one)
        return []
