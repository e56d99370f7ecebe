"""Counting visitors beside the sampling: who is there becomes sketches, and only these reach the spool."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from contracts import instants, sketches
from contracts.series import Block
from contracts.topics import Device, Kind
from edge.recorder import Reading, Recorder, series
from edge.sampling import ticks
from edge.station import Station, Work
from edge.visitors.asking import Holder
from edge.visitors.interval import Interval
from edge.visitors.keys import Keys
from edge.visitors.settings import Settings
from edge.wifi.stations import Stations, Users
from runtime import memory
from runtime.clock import Clock
from runtime.spool import Full

LOOK: Final = 10.0  # seconds between looks at who is there: who stays for less may be missed
_WAITING: Final = 1.0  # the same while there is no key
COUNTING: Final = "counting"
_log: Final = logging.getLogger(__name__)


class Counter:
    """Intervals one after the other. What is absent has its reason in `visitors.counting`."""

    def __init__(
        self, recorder: Recorder, device: Device, keys: Keys, clock: Clock, *, interval: int
    ) -> None:
        self._recorder = recorder
        self._device = device
        self._keys = keys
        self._clock = clock
        self._length = interval * instants.SECOND
        self._open: Interval | None = None
        self._said: tuple[str, int] | None = None

    @property
    def pace(self) -> float:
        """Seconds until the next look."""
        return _WAITING if self._open is None else LOOK

    async def look(self, stations: Stations, users: Users | None = None) -> None:
        """See who is there now. Raises spool.Full."""
        now = self._clock.now()
        start = instants.floor(now, self._length)
        if self._open is not None and self._open.start != start:
            await self.close()
        if self._open is None:
            held = self._keys.at(now)
            if held is None:
                await self._say(f"no key: {self._keys.reason or 'none for this day'}", start)
                return
            self._open = Interval(self._device.site, start, start + self._length, held)
        self._open.stations(stations.associated())
        if users is not None:
            self._open.users(users.users())

    async def close(self) -> None:
        """Let go of the interval that is open. Raises spool.Full."""
        done, self._open = self._open, None
        if done is None:
            return
        readings = [
            Reading(metric=sketches.METRIC, value=sketches.encode(one), instance=one.subject.value)
            for one in done.sketches()
        ]
        share = done.randomised()
        if share is not None:
            readings.append(Reading(metric="visitors.randomised", value=share))
        readings.append(Reading(metric="visitors.counting", value=COUNTING))
        await self._record(readings, done.start)

    async def _say(self, reason: str, start: int) -> None:
        """Why nothing is counted: once an interval, and when it changes."""
        if self._said != (reason, start):
            self._said = (reason, start)
            await self._record([Reading(metric="visitors.counting", value=reason)], self._clock.now())

    async def _record(self, readings: Iterable[Reading], time: int) -> None:
        block = Block()
        for reading in readings:
            block.append(series(self._device, reading), time, reading.value)
        await self._recorder.samples(block)


def beside(work: Work, stations: Stations, settings: Settings | None, *, users: Users | None = None) -> Work:
    """The same work, and counting beside it where the settings say so."""
    if settings is None:
        return work

    async def both(station: Station) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_count(station, settings, stations, users), name="visitors")
            await work(station)

    return both


async def _count(station: Station, settings: Settings, stations: Stations, users: Users | None) -> None:
    for missing in memory.harden():
        _log.warning("visitors: the site key is kept less well than it could be: %s", missing)
    chosen = station.settings
    device = Device(site=chosen.site, kind=Kind.WIFI, device=chosen.device)
    recorder = Recorder(station.spool, device, station.clock, encoding=chosen.encoding)
    keys = Keys(Holder(settings, chosen.broker), station.clock, site=chosen.site)
    counter = Counter(recorder, device, keys, station.clock, interval=settings.interval)
    await station.known.wait()  # the day decides which key, so the time must be known
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keys.run(), name="site key")
        try:
            async for _ in ticks(lambda: counter.pace, station.clock):
                try:
                    await counter.look(stations, users)
                except Full as error:
                    _log.error("%s", error)
        finally:
            await counter.close()
