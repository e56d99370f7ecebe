"""Looks after the agent itself: what goes on, what stands still, and telling of it where people look."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Final

from edge import status
from edge.health import boot, word
from edge.health.cures import cure
from edge.health.trouble import Memory
from edge.health.word import Queue, State, Word
from edge.station import Station
from runtime.spool import Full

_LOOK: Final = 1.0  # seconds between looks
_WORD: Final = 5.0  # seconds between words to the file, which lies in memory under systemd
_SOON: Final = 3  # a watchdog is answered so many times within the time that systemd gives


async def tend(station: Station, memory: Memory) -> None:
    """Feed the watchdog while everything goes on, and keep the word fresh, until cancelled."""
    notifier, clock = station.notifier, station.clock
    path = word.place(station.home.path)
    fed = written = -1e9
    notifier.ready()
    try:
        while True:
            now = clock.monotonic()
            stalled = _stalled(station)
            if not stalled and now - fed >= notifier.interval / _SOON:
                fed = now
                notifier.alive()
            if now - written >= _WORD:
                written = now
                said = await asyncio.to_thread(of, station, memory)
                notifier.status(line(said))
                with contextlib.suppress(OSError):  # a full disk is told by systemd's line, and by the spool
                    await asyncio.to_thread(word.write, path, said)
            await asyncio.sleep(_LOOK)
    finally:
        notifier.stopping()


def _stalled(station: Station) -> bool:
    found = station.progress.stalled()
    for name, age in found.items():
        station.health.set(name, False, f"has stood still for {age:.0f} s")
    for name in station.progress.names() - found.keys():
        station.health.set(name, True)
    return bool(found)


def of(station: Station, memory: Memory) -> Word:
    """The word as it is now. Blocks for the spool."""
    client, spool, fix = station.client, station.spool, station.clock.fix
    station.health.set("connection", client.connected.is_set(), client.reason)
    now = station.clock.now()
    states = {
        part.name: State(
            name=part.name, ok=part.ok, since=fix(part.since), reason=part.reason, cure=cure(part.reason)
        )
        for part in station.health.snapshot()
    }
    try:
        oldest = fix(spool.oldest() or now)
    except Full:
        oldest = now  # the part `disk` tells
    return Word(
        site=station.settings.site,
        device=station.settings.device,
        version=status.installed(),
        pid=os.getpid(),
        boot=boot.boot(),
        uptime=boot.uptime(),
        time=now,
        started=fix(station.started),
        connection=states.pop("connection"),
        clock=states.pop("clock", State(name="clock", ok=True, since=fix(station.started))),
        queue=Queue(
            batches={lane.name.lower(): count for lane, count in spool.depth().items()},
            bytes=spool.size(),
            limit_bytes=spool.limit,
            oldest=oldest if spool.size() else 0,
            shed=dict(spool.shed),
            stride=station.thinner.stride,
        ),
        parts=tuple(states.values()),
        alerts=station.board.active,
        trouble=memory.last,
    )


def line(said: Word) -> str:
    """The whole in one line, as `systemctl status` shows it."""
    age = span((said.time - said.connection.since) / 1e6)
    waiting = sum(said.queue.batches.values())
    parts = [
        f"connected for {age}" if said.connection.ok else f"not connected for {age}: {said.connection.reason}"
    ]
    if not said.clock.ok:
        parts.append(f"clock: {said.clock.reason}")
    parts += [f"{part.name}: {part.reason}" for part in said.parts if not part.ok]
    parts += [f"alert {alert.name}" for alert in said.alerts]
    oldest = f", the oldest for {span((said.time - said.queue.oldest) / 1e6)}" if said.queue.oldest else ""
    return "; ".join([*parts, f"{waiting} batches wait{oldest}"])


def span(seconds: float) -> str:
    """Seconds in at most two units: `3 d 4 h`, `2 h 5 min`, `40 s`."""
    rest = max(0, round(seconds))
    found: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (name == "s" and not found):
            found.append(f"{count} {name}")
        elif found:
            break
        if len(found) == 2:
            break
    return " ".join(found)
