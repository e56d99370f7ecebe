"""The machine under a kiosk, by psutil: what it lacks is absent, not zero."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import psutil

from edge.health.boot import uptime
from edge.network import interfaces, part
from edge.recorder import Reading


class Host:
    """Processor, memory, disks, temperatures, network of this machine."""

    name = "host"

    def __init__(self, disks: tuple[str, ...]) -> None:
        self._disks = disks
        psutil.cpu_percent()  # the first call only begins to measure

    async def read(self) -> list[Reading]:
        """Everything that can be read now."""
        return await asyncio.to_thread(lambda: list(self._all()))

    def _all(self) -> Iterator[Reading]:
        yield from _processor()
        yield from _memory()
        yield from self._storage()
        yield from _temperatures()
        yield from interfaces(())
        yield Reading(metric="host.uptime", value=float(round(uptime())))
        yield Reading(metric="process.count", value=float(len(psutil.pids())))

    def _storage(self) -> Iterator[Reading]:
        for mount in self._disks:
            with contextlib.suppress(OSError):  # not mounted: absent
                disk = psutil.disk_usage(mount)
                where = part(mount)
                yield Reading(metric="disk.total", value=float(disk.total), instance=where)
                yield Reading(metric="disk.used", value=float(disk.used), instance=where)
                yield Reading(metric="disk.free", value=float(disk.free), instance=where)
                yield Reading(metric="disk.utilization", value=disk.percent / 100, instance=where)
        moved = psutil.disk_io_counters()
        if moved:
            yield Reading(metric="disk.read", value=float(moved.read_bytes))
            yield Reading(metric="disk.written", value=float(moved.write_bytes))


def _processor() -> Iterator[Reading]:
    yield Reading(metric="cpu.utilization", value=min(1.0, psutil.cpu_percent() / 100))
    yield Reading(metric="cpu.load", value=psutil.getloadavg()[0])
    with contextlib.suppress(
        OSError, NotImplementedError, AttributeError
    ):  # virtual machines often tell none
        frequency = psutil.cpu_freq()
        if frequency.current:
            yield Reading(metric="cpu.frequency", value=frequency.current * 1e6)


def _memory() -> Iterator[Reading]:
    memory = psutil.virtual_memory()
    yield Reading(metric="memory.total", value=float(memory.total))
    yield Reading(metric="memory.used", value=float(memory.used))
    yield Reading(metric="memory.available", value=float(memory.available))
    yield Reading(metric="memory.utilization", value=memory.percent / 100)
    swap = psutil.swap_memory()
    if swap.total:
        yield Reading(metric="swap.used", value=float(swap.used))


def _temperatures() -> Iterator[Reading]:
    with contextlib.suppress(OSError, AttributeError):  # no sensors on this system
        for chip, sensors in psutil.sensors_temperatures().items():
            for number, sensor in enumerate(sensors, start=1):
                where = part(f"{chip}-{sensor.label or number}")
                yield Reading(metric="temperature", value=float(sensor.current), instance=where)
        for chip, fans in psutil.sensors_fans().items():
            for number, fan in enumerate(fans, start=1):
                yield Reading(metric="fan.speed", value=float(fan.current), instance=part(f"{chip}-{number}"))
