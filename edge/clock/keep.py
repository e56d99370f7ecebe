"""Watches the clock while an agent runs: once the time is known, what was recorded gets it, and leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final

import msgspec

from contracts.instants import to_rfc3339
from edge.clock.moving import moved
from edge.clock.steady import Change, Steady
from edge.health import boot
from edge.recorder import Reading
from edge.state import Folder
from edge.station import Station
from runtime.clock import Clock
from runtime.spool import Full

FILE: Final = "clock.json"
_LOOK: Final = 1.0  # seconds between looks at the machine's clock
_KEPT: Final = 3_600.0  # seconds between writes of the last good time
_log: Final = logging.getLogger(__name__)


class _Good(msgspec.Struct, frozen=True, kw_only=True):
    """The last time that was known."""

    time: int  # µs UTC


def steady(home: Path, machine: Clock | None = None) -> Steady:
    """The clock of an agent with this folder: no time is believed before the last that was known there."""
    good = 0
    with contextlib.suppress(OSError, msgspec.MsgspecError):  # unreadable: as if there were none
        good = msgspec.json.decode(Folder(home).read(FILE) or b"{}", type=_Good).time
    return Steady(machine, good=good)


def begin(station: Station) -> None:
    """Before anything is recorded: say what its times mean. Blocks. Raises spool.Full."""
    if not station.clock.known:
        _log.warning("%s: recording goes on, nothing is sent until it is set", station.clock.reason)
        station.spool.times.unknown(_boot())


async def keep(station: Station) -> None:
    """Look at the clock until cancelled; open the way out as soon as the time is known."""
    clock = station.clock
    waiting: Change | None = Change(shift=clock.shift, found=True) if clock.known else None
    kept = -_KEPT
    while True:
        station.health.set("clock", clock.known and not clock.reason, clock.reason)
        if waiting and await _applied(station, waiting):
            waiting = None
        if station.known.is_set() and clock.monotonic() - kept >= _KEPT:
            kept = clock.monotonic()
            await asyncio.to_thread(remember, station)
        await asyncio.sleep(_LOOK)
        async with clock.guard:  # nothing is on its way to the disk with a time of before
            waiting = clock.look() or waiting


def remember(station: Station) -> None:
    """Keep the time, if it is known: a full disk is no reason to stop."""
    if station.known.is_set():
        with contextlib.suppress(OSError):
            good = _Good(time=max(station.clock.now(), station.clock.good))
            station.home.write(FILE, msgspec.json.encode(good))


def readings(clock: Steady) -> list[Reading]:
    """What the clock says of itself; nothing while no time is known."""
    if not clock.known:
        return []
    return [
        Reading(metric="clock.offset", value=round(clock.offset, 3)),
        Reading(metric="clock.drift", value=clock.drift),
        Reading(metric="clock.leaps", value=float(clock.leaps)),
        Reading(metric="clock.synchronized", value=clock.synced),
    ]


async def _applied(station: Station, change: Change) -> bool:
    """Move what is to be moved; False where the disk has no room for that yet."""
    times = station.spool.times
    try:
        if change.found:
            await asyncio.to_thread(times.know, moved, shift=change.shift, boot=_boot())
        elif change.shift:
            _log.warning("the clock was %.0f s wrong: what nobody has seen is corrected", change.shift / 1e6)
            await asyncio.to_thread(times.correct, moved, shift=change.shift)
    except Full as error:
        _log.error("%s", error)
        return False
    if not station.known.is_set():
        _log.info("it is %s", to_rfc3339(station.clock.now()))
        station.known.set()
    return True


def _boot() -> int:
    """Number of this boot; 0 where the system tells none."""
    return int(boot.boot().replace("-", "") or "0", 16) >> 66
