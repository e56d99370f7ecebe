"""A rule at work that leaves the judgement to the default detector, one for each series."""

from __future__ import annotations

import contextlib

import msgspec
import numpy as np

from analytics.detectors.anomaly import ensemble
from analytics.detectors.anomaly.detector import Detector
from analytics.detectors.anomaly.errors import NotFinite, NotKept
from analytics.kinds import Measured
from analytics.tracks import Numbers, Rows, Saved, Times
from analytics.values import Values
from analytics.watches import Scene
from contracts.rules import Anomaly, Rule
from contracts.series import Series


class Novel(Values):
    """Samples in the order of their time; what comes late is left out and counted: none can go back."""

    def __init__(self, rule: Rule, test: Anomaly) -> None:
        super().__init__(rule, test)
        self.left_out = 0  # series beyond `most`
        self._most = test.most
        self._detectors: dict[int, Detector] = {}

    def _selected(self, series: Series) -> bool:
        if not super()._selected(series):
            return False
        room = len(self.tracks) < self._most or self.tracks.find(series) is not None
        self.left_out += not room
        return room

    def _doubt(self, at: Rows, times: Times, scene: Scene) -> None:
        del times, scene
        self.overdue_samples += len(at)

    def doubt_all(self) -> None:
        """Nothing is judged again."""

    def _measure(self, rows: Rows, times: Times, values: Numbers) -> Measured:
        classes = np.zeros(len(values), np.int8)
        columns = zip(rows.tolist(), times.tolist(), values.tolist(), strict=True)
        for place, (row, time, value) in enumerate(columns):
            detector = self._detectors.get(row)
            if detector is None:
                detector = self._detectors[row] = ensemble.fresh(calendar=True)
            try:
                classes[place] = 1 if detector.score(time, value) >= ensemble.THRESHOLD else -1
            except NotFinite:
                continue  # says nothing, and the detector remembers nothing of it
        nothing = np.full(len(values), np.nan)
        return classes, nothing, nothing, nothing

    def save(self) -> list[Saved]:
        return [
            msgspec.structs.replace(one, kept=self._detectors[row].save()) if row in self._detectors else one
            for row, one in enumerate(super().save())
        ]

    def restore(self, saved: list[Saved], *, same: bool) -> list[Saved]:
        left = super().restore(saved, same=same)
        for one in saved:
            row = self.tracks.find(one.series)
            if row is None or not one.kept:
                continue
            with contextlib.suppress(NotKept):  # of another version: it learns anew
                self._detectors[row] = ensemble.restored(one.kept)
        return left
