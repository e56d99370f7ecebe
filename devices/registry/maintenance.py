"""Windows of planned work: planned, ended early and called off, in the transaction of who does it."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from city.identity.caller import Caller
from city.identity.fields import line
from contracts.errors import Refused
from contracts.instants import DAY
from contracts.roster import Window
from devices.errors import NotNow
from devices.registry import records, voice
from devices.registry.model import MOST_WINDOWS, Device, State
from devices.registry.service import Registry
from devices.roles import MAINTAIN
from runtime.clock import Clock

LONGEST: Final = 31 * DAY  # of one: what is forgotten must not stay quiet for ever
AHEAD: Final = 366 * DAY  # so far ahead one may be planned
BEHIND: Final = DAY  # and begin so long ago: the work was quicker than the form
WORDS: Final = 200  # characters of a reason


class Maintenance:
    """The verbs. Raise Unknown, Forbidden, Refused, NotNow."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def plan(self, tx: Connection, by: Caller, device: str, *, start: int, end: int, why: str) -> Device:
        """Nobody is called for it from start to end (µs UTC); the same again is no other."""
        why = line("why", why, most=WORDS)
        now = self._clock.now()
        _check(start, end, now)
        mark = records.touch(tx)
        old = self._held(tx, by, device)
        new = Window(start=start, end=end, reason=why)
        if new in old.maintenance:
            return old
        windows = sorted((*old.maintenance, new), key=lambda one: (one.start, one.end))
        past = [one for one in windows if one.end <= now]
        while len(windows) > MOST_WINDOWS and past:  # the oldest make room; the trail has them
            windows.remove(past.pop(0))
        if len(windows) > MOST_WINDOWS:
            raise Refused("start", start, f"at most {MOST_WINDOWS} windows: call one off first")
        return self._keep(tx, by, old, windows, mark, action="maintenance.planned", why=why)

    def end(self, tx: Connection, by: Caller, device: str, *, start: int, end: int) -> Device:
        """End a window that runs, or call off one that has not begun."""
        now = self._clock.now()
        mark = records.touch(tx)
        old = self._held(tx, by, device)
        found = next((one for one in old.maintenance if (one.start, one.end) == (start, end)), None)
        if found is None or found.end <= now:
            raise NotNow(device, old.state, "this window is over already")
        windows = [one for one in old.maintenance if one is not found]
        action = "maintenance.cancelled"
        if found.start < now:
            windows.append(msgspec.structs.replace(found, end=now))
            action = "maintenance.ended"
        windows.sort(key=lambda one: (one.start, one.end))
        return self._keep(tx, by, old, windows, mark, action=action, why=found.reason)

    def _held(self, tx: Connection, by: Caller, device: str) -> Device:
        old = self._registry.held(tx, by, MAINTAIN, device)
        if old.state is State.RETIRED:
            raise NotNow(device, old.state, "it is gone for good")
        return old

    def _keep(
        self,
        tx: Connection,
        by: Caller,
        old: Device,
        windows: list[Window],
        mark: int,
        *,
        action: str,
        why: str,
    ) -> Device:
        new = msgspec.structs.replace(
            old, maintenance=tuple(windows), revision=old.revision + 1, updated=self._clock.now()
        )
        records.put(tx, new, mark)
        fields = ("maintenance",)
        self._registry.voice.tell(tx, voice.CHANGED, new, by, fields=fields, why=why, action=action)
        return new


def _check(start: int, end: int, now: int) -> None:
    if end <= start:
        raise Refused("end", end, "it must end after its start")
    if end <= now:
        raise Refused("end", end, "it is over already: nothing would be quiet")
    if end - start > LONGEST:
        raise Refused("end", end, f"at most {LONGEST // DAY} days: plan another then")
    if start < now - BEHIND:
        raise Refused("start", start, "at most a day ago")
    if start > now + AHEAD:
        raise Refused("start", start, "at most a year ahead")
