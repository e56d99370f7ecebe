"""A rule at work: which series it watches, what it remembers of them, and what it says of new samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from analytics.calendar import Calendar
from analytics.findings import judgement
from analytics.samples import Samples
from analytics.tracks import Rows, Saved, Tracks
from contracts import roster
from contracts.instants import MINUTE
from contracts.judgements import Evidence, Judgement, Verdict
from contracts.rules import Rule
from contracts.series import Series

_MOST_PLACES: Final = 500_000  # series whose match is remembered, before all are looked at anew


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What every rule is told besides the samples."""

    now: int  # µs UTC
    horizon: int  # µs UTC; older samples are history, which raises nothing
    roster: roster.Reader
    producer: str
    away: frozenset[str] = frozenset()  # devices that presence knows to be away: their silence is told of


class Watch:
    """What rules have in common."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.tracks = Tracks()
        self.calendar = None if rule.active is UNSET else Calendar(rule.active)
        self._places: dict[Series, int] = {}
        self._roster: roster.Reader | None = None
        self._minute = 0

    def save(self) -> list[Saved]:
        """What must survive a restart."""
        return self.tracks.save()

    def restore(self, saved: list[Saved], *, same: bool) -> list[Saved]:
        """Take up what was remembered; return what is no longer watched. `same`: the rule is unchanged."""
        kept = [one for one in saved if self._watched(one.series)]
        self.tracks.restore(kept, timers=same)
        return [one for one in saved if not self._watched(one.series)]

    def _look(self, scene: Scene) -> None:
        """Take up the roster; each minute ask it anew, for labels change."""
        self._roster = scene.roster
        if self._labelled and self._minute != scene.now // MINUTE:
            self._minute = scene.now // MINUTE
            self._places.clear()

    @property
    def _labelled(self) -> bool:
        """Whether the roster says which series it watches, or as what."""
        return self.rule.select.labels is not UNSET

    def _carries(self, labels: dict[str, str] | UnsetType, device: str) -> bool:
        """Whether a device has these labels in the roster."""
        if labels is UNSET:
            return True
        entry = self._roster.get(device) if self._roster else None
        return entry is not None and all(entry.labels.get(name) == value for name, value in labels.items())

    def _watched(self, series: Series) -> bool:
        return self.rule.select.matches(series)

    def _selected(self, series: Series) -> bool:
        select = self.rule.select
        return select.matches(series) and self._carries(select.labels, series.device)

    def _subject(self, series: Series) -> Series:
        """What is remembered as one: the series."""
        return series

    def _rows(self, series: Sequence[Series]) -> Rows:
        """Row of each series; -1 where it is not watched."""
        if self._labelled and self._roster is None:
            return np.full(len(series), -1, np.intp)
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

    def _found(self, row: int, verdict: Verdict, time: int, evidence: Evidence, scene: Scene) -> Judgement:
        """What was found of a row, as a judgement."""
        return judgement(
            self.rule,
            self.tracks.series[row],
            verdict,
            time=time,
            evidence=evidence,
            producer=scene.producer,
            judged=scene.now,
        )

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
