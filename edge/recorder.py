"""Readings become samples of one device, samples a batch, the batch a row in the spool."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from typing import Final

import msgspec

from contracts import batches, events, instants, measurements, senml
from contracts.series import Block, Series, Value
from contracts.topics import Channel, Device
from edge.clock.steady import Steady
from runtime import ids
from runtime.clock import Clock
from runtime.spool import Full, Spool

_REMEMBERED: Final = 4_096  # times of samples that a new one may not repeat, should the clock go back


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one part of the device, as read now."""

    metric: str
    value: Value
    instance: str = ""
    unit: str = ""  # only for metrics that the catalogue does not know


class Recorder:
    """Writes what one device says into the spool. Waits for the disk in a thread."""

    def __init__(self, spool: Spool, device: Device, clock: Clock, *, encoding: str = "json") -> None:
        self._spool = spool
        self._device = device
        self._clock = clock
        steady = clock if isinstance(clock, Steady) else Steady(clock)
        self._guard = steady.guard
        self._fix = steady.fix
        self._times: deque[int] = deque(maxlen=_REMEMBERED)
        self.speak(encoding)

    def speak(self, encoding: str) -> None:
        """From now on batches are json or cbor."""
        self._type = batches.CBOR if encoding == "cbor" else batches.JSON

    async def record(self, readings: Iterable[Reading], time: int) -> int:
        """Spool readings taken at an instant (µs UTC); return how many. Raises spool.Full."""
        block = Block()
        for reading in readings:
            block.append(series(self._device, reading), time, reading.value)
        if len(block):
            async with self._guard:
                time = self._unique(self._fix(time))
                for row in range(len(block)):
                    block.times[row] = time
                await self._samples(block)
        return len(block)

    async def samples(self, block: Block) -> None:
        """Spool samples of this device as one batch. Raises spool.Full."""
        async with self._guard:
            for row, time in enumerate(block.times):
                block.times[row] = self._fix(time)
            await self._samples(block)

    async def _samples(self, block: Block) -> None:
        hours = Counter(instants.floor(time, instants.HOUR) for time in block.times)
        payload = senml.encode(block, self._type)
        topic = self._device.topic(Channel.TELEMETRY)
        await asyncio.to_thread(self._spool.append, topic, payload, content_type=self._type, counts=hours)

    async def alarm(
        self,
        name: str,
        *,
        severity: str = "moderate",
        text: str = "",
        active: bool | None = None,
        values: dict[str, float | str | bool],
    ) -> None:
        """Spool an alarm in the lane that is never given up for metrics. Raises spool.Full."""
        async with self._guard:
            alarm = events.Alarm(
                id=ids.uuid7(self._clock),
                time=self._clock.now(),
                name=name,
                severity=severity,
                text=text,
                active=active,
                values=values,
            )
            await self._event(alarm)

    async def probe(self) -> None:
        """Spool a probe, which no count sees. Raises spool.Full."""
        async with self._guard:
            probe = events.Probe(id=ids.uuid7(self._clock), time=self._clock.now())
            await self._event(probe, properties=(("probe", "true"),))

    async def _event(self, event: events.Event, properties: tuple[tuple[str, str], ...] = ()) -> None:
        await asyncio.to_thread(
            self._spool.append,
            self._device.topic(Channel.EVENT),
            events.encode((event,)),
            content_type=batches.EVENTS,
            counts=events.counts((event,)),
            properties=properties,
        )

    def _unique(self, time: int) -> int:
        """The instant, or the next that no sample of this device has: of equal times one would overwrite."""
        while time in self._times:
            time += 1
        self._times.append(time)
        return time


def series(device: Device, reading: Reading) -> Series:
    """Where a reading belongs; its unit is the catalogue's."""
    known = measurements.find(reading.metric)
    return Series(
        site=device.site,
        kind=device.kind,
        device=device.device,
        metric=reading.metric,
        instance=reading.instance,
        unit=known.unit if known else reading.unit,
    )


__all__ = ["Full", "Reading", "Recorder", "series"]
