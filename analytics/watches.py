"""A rule at work: which series it watches, what it remembers of them, and what it says of new samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from analytics import wording
from analytics.detectors import hour_of_week, threshold
from analytics.findings import judgement
from analytics.samples import Samples
from analytics.tracks import Classes, Mask, Moves, Numbers, Rows, Saved, Times, Tracks
from contracts import measurements, roster
from contracts.instants import SECOND
from contracts.judgements import Evidence, Judgement, Text, Verdict
from contracts.rules import HourOfWeek, Rule, Threshold
from contracts.series import Series

_MOST_PLACES: Final = 500_000  # series whose match is remembered, before all are looked at anew


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What every rule is told besides the samples."""

    now: int  # µs UTC
    horizon: int  # µs UTC; older samples are history, which raises nothing
    roster: roster.Reader
    producer: str


class Watch:
    """What rules have in common."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.tracks = Tracks()
        self._places: dict[Series, int] = {}

    def restore(self, saved: list[Saved], *, same: bool) -> list[Saved]:
        """Take up what was remembered; return what is no longer watched. `same`: the rule is unchanged."""
        kept = [one for one in saved if self._watched(one.series)]
        self.tracks.restore(kept, timers=same)
        return [one for one in saved if not self._watched(one.series)]

    def _watched(self, series: Series) -> bool:
        return self.rule.select.matches(series)

    def _selected(self, series: Series) -> bool:
        return self.rule.select.matches(series)

    def _subject(self, series: Series) -> Series:
        """What is remembered as one: the series."""
        return series

    def _rows(self, series: Sequence[Series]) -> Rows:
        """Row of each series; -1 where it is not watched."""
        if len(self._places) > _MOST_PLACES:
            self._places.clear()
        rows = np.empty(len(series), np.intp)
        for number, one in enumerate(series):
            place = self._places.get(one)
            if place is None:
                place = self.tracks.row(self._subject(one)) if self._selected(one) else -1
                self._places[one] = place
            rows[number] = place
        return rows

    def take(self, samples: Samples, scene: Scene) -> list[Judgement]:
        """Judge new samples."""
        raise NotImplementedError

    def overdue(self, scene: Scene, since: int) -> bool:
        """Whether `tick` would raise something; `since` (µs UTC): when we began to listen."""
        del scene, since
        return False

    def tick(self, scene: Scene, since: int) -> list[Judgement]:
        """Judge by the clock."""
        del scene, since
        return []


class Values(Watch):
    """A rule that judges each sample: threshold, hour of week."""

    def __init__(self, rule: Rule, test: Threshold | HourOfWeek) -> None:
        super().__init__(rule)
        self.test = test
        self.baseline = hour_of_week.Baseline(0)
        self.late = 0  # samples that came after a newer one of their series
        self.old = 0  # samples beyond the horizon
        self._hold = round(test.hold * SECOND)

    def take(self, samples: Samples, scene: Scene) -> list[Judgement]:
        chosen = self._chosen(samples, scene)
        if chosen is None:
            return []
        rows, times, values = chosen
        classes, low, middle, high = self._measure(rows, times, values)
        moves = self.tracks.move(rows, times, classes, self._hold)
        found: list[Judgement] = []
        for place in np.flatnonzero(moves.raised | moves.updated | moves.cleared):
            number = float(values[place])
            series = self.tracks.series[rows[place]]
            since, time = int(moves.since[place]), int(times[place])
            least, usual, most = (_known(column[place]) for column in (low, middle, high))
            verdict = _verdict(moves, int(place))
            evidence = Evidence(
                metric=series.metric,
                instance=series.instance,
                unit=series.unit,
                start=since,
                end=time,
                value=number,
                expected=usual,
                low=least,
                high=most,
                why=self._why(verdict, series, number, (least, most), time - since),
            )
            found.append(
                judgement(
                    self.rule,
                    series,
                    verdict,
                    time=time,
                    evidence=evidence,
                    producer=scene.producer,
                    judged=scene.now,
                )
            )
        return found

    def _chosen(self, samples: Samples, scene: Scene) -> tuple[Rows, Times, Numbers] | None:
        """Samples to judge in order of (row, time), one an instant, none of them late or old."""
        rows = self._rows(samples.series)
        if not (rows >= 0).any():
            return None
        at = rows[samples.index]
        keep = at >= 0
        keep &= ~np.isnan(samples.values) & ~_maintained(samples, rows, scene)
        at, times, values = at[keep], samples.times[keep], samples.values[keep]
        late = times <= self.tracks.last[at]
        old = times < scene.horizon
        self.late += int(late.sum())
        self.old += int((old & ~late).sum())
        keep = ~late & ~old
        at, times, values = at[keep], times[keep], values[keep]
        order = np.lexsort((times, at))
        at, times, values = at[order], times[order], values[order]
        last_of_equal = np.ones(len(at), np.bool_)
        last_of_equal[:-1] = (at[1:] != at[:-1]) | (times[1:] != times[:-1])
        return at[last_of_equal], times[last_of_equal], values[last_of_equal]

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
        if verdict is Verdict.CLEARED:
            return wording.normal(series, value)
        if isinstance(self.test, Threshold):
            return wording.beyond(series, value, self.test.limit, self.test.side, held // SECOND)
        entry = measurements.find(series.metric)
        low, high = usual[0] or 0.0, usual[1] or 0.0
        if entry is not None and entry.low is not None:
            low = max(low, entry.low)
        return wording.unusual(series, value, low, high)


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
