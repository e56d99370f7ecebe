"""A rule at work that judges what does not come."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import UNSET

from analytics import grouping, wording
from analytics.detectors import absence
from analytics.samples import Samples
from analytics.watches import Scene, Watch
from contracts import measurements, roster
from contracts.instants import SECOND
from contracts.judgements import Evidence, Judgement, Text, Verdict
from contracts.rules import Absence, Rule
from contracts.series import Series


class Silence(Watch):
    """By device, or by instance where the rule names one."""

    def __init__(self, rule: Rule, test: Absence) -> None:
        super().__init__(rule)
        self._by = test.by
        self._devices: dict[int, set[str]] = {}  # row of a group → its devices
        self._silence = round(test.silence * SECOND)

    @property
    def _labelled(self) -> bool:
        return super()._labelled or self._by not in (UNSET, grouping.SITE)

    def _watched(self, series: Series) -> bool:
        if (self._by is not UNSET) != (not series.device):
            return False
        if not series.device:
            return not self.rule.select.site or series.site == self.rule.select.site
        select = msgspec.structs.replace(self.rule.select, metrics=(), instance=None)
        return select.matches(series)

    def _selected(self, series: Series) -> bool:
        """What ingest writes of a device is no word of its own: a last will says that it is gone."""
        entry = measurements.find(series.metric)
        own = entry is None or not entry.reserved or series.metric in self.rule.select.metrics
        if not own or not super()._selected(series):
            return False
        if self._by is UNSET:
            return True
        group = grouping.group(series, self._by, self._roster, self.rule.select)
        if group is None:
            return False
        self._devices.setdefault(self.tracks.row(group), set()).add(series.device)
        return True

    def _subject(self, series: Series) -> Series:
        if self._by is not UNSET:
            group = grouping.group(series, self._by, self._roster, self.rule.select)
            return group if group is not None else series
        metric = self.rule.select.metrics[0] if len(self.rule.select.metrics) == 1 else ""
        instance = self.rule.select.instance or ""
        return msgspec.structs.replace(series, metric=metric, instance=instance, unit="")

    def take(self, samples: Samples, scene: Scene) -> list[Judgement]:
        self._look(scene)
        at = self._rows(samples.series)[samples.index]
        heard = at >= 0
        if not heard.any():
            return []
        tracks = self.tracks
        np.maximum.at(tracks.last, at[heard], np.minimum(samples.times[heard], scene.now))
        back = absence.back(tracks.last, tracks.firing, now=scene.now, silence=self._silence)
        tracks.firing &= ~back
        return [
            self._say(int(row), Verdict.CLEARED, int(tracks.last[row]), wording.heard(), scene)
            for row in np.flatnonzero(back)
        ]

    def overdue(self, scene: Scene, since: int) -> bool:
        return bool(self._absent(scene, since))

    def tick(self, scene: Scene, since: int) -> list[Judgement]:
        found: list[Judgement] = []
        for row in self._absent(scene, since):
            self.tracks.firing[row] = True
            last = int(self.tracks.last[row])
            words = wording.silent if self._by is UNSET else wording.silent_group
            why = words((scene.now - last) // SECOND)
            found.append(self._say(row, Verdict.RAISED, last + self._silence, why, scene))
        return found

    def _absent(self, scene: Scene, since: int) -> list[int]:
        tracks = self.tracks
        if self.calendar is not None and not self.calendar.at(scene.now):
            return []
        missing = absence.missing(
            tracks.last, tracks.firing, now=scene.now, silence=self._silence, since=since
        )
        rows: list[int] = []
        for row in np.flatnonzero(missing).tolist():
            devices = self._devices.get(row, ()) if self._by is not UNSET else (tracks.series[row].device,)
            if any(self._expected(device, scene) for device in devices):
                rows.append(row)
        return rows

    def _expected(self, device: str, scene: Scene) -> bool:
        """Whether a device should be heard."""
        entry = scene.roster.get(device)
        return entry is not None and device not in scene.away and not self._excused(entry, scene.now)

    def _excused(self, entry: roster.Entry, now: int) -> bool:
        """Whether the device is under planned maintenance, or so lately that it may not have spoken yet."""
        return any(window.start <= now < window.end + self._silence for window in entry.maintenance)

    def _say(self, row: int, verdict: Verdict, time: int, why: Text, scene: Scene) -> Judgement:
        series = self.tracks.series[row]
        last = int(self.tracks.last[row])
        evidence = Evidence(
            metric=series.metric,
            instance=series.instance,
            start=last,
            end=max(last, time),
            expected=self._silence / SECOND,
            unit="s",
            value=(scene.now - last) / SECOND,
            why=why,
        )
        return self._found(row, verdict, time, evidence, scene)
