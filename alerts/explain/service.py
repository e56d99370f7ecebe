"""Explanations of alerts: read from the store when somebody asks, and drawn outside this process."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
from anyio import CapacityLimiter, to_thread

from alerts.desk import Desk
from alerts.explain import contributors, window, wording
from alerts.explain.contributors import Contributor
from alerts.explain.drawing import Drawing
from alerts.explain.errors import NotDrawn, Undrawable
from alerts.explain.window import Columns, View
from contracts.alerts import Alert
from contracts.judgements import Evidence
from contracts.series import Reader, Selector
from runtime.clock import Clock
from runtime.logs import clean

_log: Final = logging.getLogger(__name__)
_SAID: Final = 400  # letters of what a drawing that failed said last
PATIENCE: Final = 30.0  # seconds for one picture, the wait for others before it not counted
_AT_ONCE: Final = 1  # pictures drawn: each has a processor to itself for a second
_KEPT: Final = 128  # pictures in memory, 20 to 40 kB each


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an alert is there."""

    alert: str
    revision: int
    evidence: Evidence
    contributors: list[Contributor]  # other series that moved in its window, the most unusual first
    picture: str  # where it is drawn; empty where it is about no one series or device
    frame: str = ""  # SHA-256 of the camera's picture, where there is one


class Explainer:
    """Explains on behalf of one process; a context is not needed, nothing is left running."""

    def __init__(self, desk: Desk, reader: Reader, *, clock: Clock, cache: Path) -> None:
        """`cache`: folder for what matplotlib finds out about fonts once."""
        self._desk = desk
        self._reader = reader
        self._clock = clock
        self._cache = cache
        self._turn = CapacityLimiter(_AT_ONCE)
        self._drawn: dict[tuple[str, int, str], bytes] = {}

    def explain(self, alert: str) -> Explanation:
        """What is known of one alert. Blocks. Raises Unknown and the store's errors."""
        known = self._desk.get(alert)
        shown = window.view(known, now=self._clock.now())
        return Explanation(
            alert=known.id,
            revision=known.revision,
            evidence=known.evidence,
            contributors=self._contributors(known, shown) if shown else [],
            picture=f"/api/v1/alerts/{known.id}/picture" if shown else "",
            frame=known.evidence.frame,
        )

    def get(self, alert: str) -> Alert:
        """One alert. Blocks. Raises Unknown."""
        return self._desk.get(alert)

    async def picture(self, alert: Alert, language: str) -> bytes:
        """PNG of an alert as it now is. Raises Undrawable, NotDrawn and the store's errors."""
        key = (alert.id, alert.revision, language)
        if drawn := self._drawn.get(key):
            return drawn
        drawing = await to_thread.run_sync(self._drawing, alert, language)
        async with self._turn:
            drawn = self._drawn.get(key)
            if drawn is None:
                drawn = await to_thread.run_sync(self._draw, alert, drawing)
        self._keep(key, drawn)
        return drawn

    def _drawing(self, alert: Alert, language: str) -> Drawing:
        shown = window.view(alert, now=self._clock.now())
        if shown is None:
            raise Undrawable(alert.id, "it is about no one device")
        columns = window.read(self._reader, shown)
        return _put(alert, shown, columns, language)

    def _draw(self, alert: Alert, drawing: Drawing) -> bytes:
        self._cache.mkdir(parents=True, exist_ok=True)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "alerts.explain"],
                check=True,
                capture_output=True,
                timeout=PATIENCE,
                input=msgspec.msgpack.encode(drawing),
                env={**os.environ, "MPLCONFIGDIR": str(self._cache)},
            )
        except subprocess.TimeoutExpired:
            raise NotDrawn(alert.id, f"it took more than {PATIENCE:.0f} s") from None
        except subprocess.CalledProcessError as error:
            said = clean(error.stderr.decode(errors="replace").strip()[-_SAID:], _SAID)
            _log.error("drawing alert %s ended with %d: %s", alert.id, error.returncode, said)
            raise NotDrawn(alert.id, "drawing it failed, and the log says why") from None
        return done.stdout

    def _keep(self, key: tuple[str, int, str], drawn: bytes) -> None:
        while len(self._drawn) >= _KEPT:
            self._drawn.pop(next(iter(self._drawn)), None)
        self._drawn[key] = drawn

    def _contributors(self, alert: Alert, shown: View) -> list[Contributor]:
        own = alert.evidence.metric, alert.evidence.instance
        select = Selector(site=alert.site, devices=(alert.device,))
        found = contributors.ranked(self._reader, select, shown.start, shown.end)
        return [one for one in found if (one.series.metric, one.series.instance) != own]


def _put(alert: Alert, shown: View, columns: Columns, language: str) -> Drawing:
    evidence = alert.evidence
    return Drawing(
        words=wording.words(alert, shown, language),
        unit="" if shown.heartbeat else evidence.unit,
        times=columns.times,
        values=columns.values,
        least=columns.least,
        most=columns.most,
        start=shown.start,
        end=shown.end,
        first=shown.first,
        last=shown.last,
        expected=None if shown.heartbeat else evidence.expected,
        low=None if shown.heartbeat else evidence.low,
        high=None if shown.heartbeat else evidence.high,
    )
