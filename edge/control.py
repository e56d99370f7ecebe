"""What the desk has in hand of an agent: its commands, its desired state, and the settings that follow it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from contracts.commands import Type
from contracts.topics import Device
from edge.commands import Executor, Journal, diagnostics, logs, reboot
from edge.health.boot import boot
from edge.live import Live
from edge.shadow import Shadow
from edge.state import Folder
from edge.station import Station
from edge.status import installed

FILE: Final = "commands.db"


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Of one device; what it can do beyond its own is plugged in before it runs."""

    executor: Executor
    shadow: Shadow
    live: Live


Plug = Callable[[Station, Control], None]


@contextmanager
def controlled(station: Station, device: Device | None, plugs: Sequence[Plug]) -> Iterator[None]:
    """Start both for as long as the service runs; without a device nobody has it in hand.

    Raises commands.errors.Unkept.
    """
    if device is None:
        yield
        return
    station.home.prepare()
    memory = logs.Memory()
    logging.getLogger().addHandler(memory)
    journal = Journal(station.home.path / FILE, now=station.clock.now())
    try:
        control = _control(station, device, journal, memory)
        station.live = control.live
        for plug in plugs:
            plug(station, control)
        station.service.start("commands", control.executor.run())
        station.service.start("shadow", control.shadow.run())
        yield
    finally:
        journal.close()
        logging.getLogger().removeHandler(memory)


def _control(station: Station, device: Device, journal: Journal, memory: logs.Memory) -> Control:
    started = boot()
    executor = Executor(station.client, device, journal, clock=station.clock, boot=started)
    shadow = Shadow(
        station.client, device, Folder(station.home.path), clock=station.clock, epoch=station.spool.epoch
    )
    checks = {**diagnostics.machine(station.clock, station.home.path), "agent": lambda: _agent(station)}
    executor.register(Type.RUN_DIAGNOSTICS, diagnostics.handler(checks))
    executor.register(Type.COLLECT_LOGS, logs.handler(memory))
    executor.register(Type.REBOOT, reboot.handler(), resume=reboot.resume(started))
    return Control(executor=executor, shadow=shadow, live=Live.of(station.settings, shadow, device))


def _agent(station: Station) -> dict[str, Any]:
    """What the agent says of itself; parts that are not well with their reasons."""
    return {
        "version": installed(),
        "started": station.started,
        "connections": station.client.connection,
        "spooled": {lane.name.lower(): count for lane, count in station.spool.depth().items()},
        "spool_bytes": station.spool.size(),
        "unwell": {part.name: part.reason for part in station.health.snapshot() if not part.ok},
    }
