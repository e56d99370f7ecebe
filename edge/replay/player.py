"""Plays a file through the spool, several devices at once, and after a restart goes on where it was."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts import batches, instants, measurements, senml
from contracts.errors import Refused
from contracts.instants import to_rfc3339
from contracts.series import Block, Series, Value
from contracts.topics import Channel
from edge.recorder import Reading, series
from edge.replay import rows
from edge.replay.pace import Pace
from edge.replay.settings import Column, Restamp, Settings
from edge.sampling import Sleep
from runtime.clock import Clock
from runtime.spool import Full, Item, Spool

_LARGEST: Final = 5_000  # samples of one batch: stays below the largest payload
_TRUE: Final = ("true", "1", "yes")
_log: Final = logging.getLogger(__name__)


class Player:
    """One replay."""

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        clock: Clock,
        *,
        site: str,
        encoding: str = "json",
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._clock = clock
        self._sleep = sleep
        self._type = batches.CBOR if encoding == "cbor" else batches.JSON
        self._series = [(column, _series(column, site)) for column in settings.columns]
        self._last: dict[Series, int] = {}
        self.samples = 0  # recorded
        self.left_out: Counter[str] = Counter()  # reason → values that are no samples

    async def run(self) -> None:
        """Play to the end of the file. Raises Refused for a file that cannot be used."""
        name = f"replay {self._settings.file.name} {self._settings.restamp}"
        mark = None if self._settings.restamp is Restamp.NOW else self._spool.marked(name)
        source = await asyncio.to_thread(self._prepare, mark)
        if source is None:
            return
        pace, first, rest = source
        _log.info("replay of %s: moved by %d weeks", self._settings.file.name, pace.weeks)
        block: dict[str, Block] = {}
        count, stamp, phase = 0, 0, "history"
        row: rows.Row | None = first
        while row is not None:
            due = pace.stamp(row[0])
            if due >= pace.oldest and (mark is None or due > mark):
                if due != stamp and (count >= self._settings.batch or (count and pace.wait(due) > 0)):
                    await self._spill(block, (name, stamp))
                    block, count = {}, 0
                while (wait := pace.wait(due)) > 0:
                    await self._sleep(wait)
                phase = self._tell(phase, due, pace)
                self._take(row[1], due, block)
                count, stamp = count + 1, due
            row = await asyncio.to_thread(next, rest, None) if count == 0 else next(rest, None)
        await self._spill(block, (name, stamp))
        _log.info("replay is through: %d samples, left out: %s", self.samples, dict(self.left_out) or "none")

    def _prepare(self, done: int | None) -> tuple[Pace, rows.Row, Iterator[rows.Row]] | None:
        source = rows.read(self._settings)
        first = next(source, None)
        if first is None:
            return None
        counted = self._settings.restamp is Restamp.WEEKS and self._settings.weeks is None
        newest = rows.newest(self._settings) if counted else first[0]
        return Pace(self._settings, self._clock, first=first[0], newest=newest, done=done), first, source

    def _tell(self, phase: str, due: int, pace: Pace) -> str:
        """Say in the log where the replay has come to."""
        now = (
            "history" if due < pace.start else "played" if self._clock.now() - due > instants.HOUR else "live"
        )
        if now != phase:
            _log.info("replay: %s from %s, %d samples so far", now, to_rfc3339(due), self.samples)
        return now

    def _take(self, row: Mapping[str, Any], stamp: int, block: dict[str, Block]) -> None:
        for column, known in self._series:
            if any(str(row[name]) != text for name, text in column.where.items()):
                continue
            value = _value(row[column.column], known.metric)
            if value is None:
                self.left_out["no value"] += 1
            elif self._last.get(known, stamp - 1) >= stamp:
                self.left_out["a second value at the same time"] += 1
            else:
                self._last[known] = stamp
                block.setdefault(known.address.topic(Channel.TELEMETRY), Block()).append(known, stamp, value)

    async def _spill(self, blocks: dict[str, Block], mark: tuple[str, int]) -> None:
        """Spool what was gathered; wait while the spool is half full, for a file is never in a hurry."""
        items = [item for topic, block in blocks.items() for item in self._items(topic, block)]
        if not items:
            return
        while self._spool.size() > self._spool.limit // 2:
            await self._sleep(0.2)
        try:
            await asyncio.to_thread(self._spool.extend, items, mark=mark)
        except Full as error:  # counted as lost and declared: to play it again would store what was given up
            _log.error("%s", error)
            await self._sleep(1.0)
        self.samples += sum(len(block) for block in blocks.values())

    def _items(self, topic: str, block: Block) -> Iterator[Item]:
        samples = list(block.rows())
        for start in range(0, len(samples), _LARGEST):
            piece = Block()
            for known, time, value in samples[start : start + _LARGEST]:
                piece.append(known, time, value)
            hours = Counter(instants.floor(time, instants.HOUR) for time in piece.times)
            payload = senml.encode(piece, self._type)
            yield Item(topic=topic, payload=payload, content_type=self._type, counts=hours)


def _series(column: Column, site: str) -> Series:
    reading = Reading(metric=column.metric, value=0.0, instance=column.instance, unit=column.unit)
    return series(column.address(site), reading)


def _value(raw: Any, metric: str) -> Value | None:
    """A cell as the value that the metric has; None where there is none."""
    known = measurements.find(metric)
    if raw is None or raw == "":
        return None
    if known and known.kind is measurements.Kind.FLAG:
        return str(raw).lower() in _TRUE
    if known and known.kind is measurements.Kind.TEXT:
        return str(raw)
    try:
        number = float(raw)
    except (TypeError, ValueError):
        raise Refused(metric, raw, "is no number") from None
    return number if math.isfinite(number) else None
