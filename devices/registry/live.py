"""The registry answered from memory: contracts.roster.Reader that learns of each change within a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from city.db import Database
from city.errors import Unavailable
from contracts.roster import Entry, Reader
from contracts.topics import Kind
from devices.registry import records
from devices.registry.model import State
from devices.roster import order

_log: Final = logging.getLogger(__name__)
EVERY: Final = 1.0  # seconds between looks: one row is read each time


class Live:
    """Enrolled devices of the registry, and those of `beside` of which it says nothing."""

    def __init__(self, db: Database, beside: Reader) -> None:
        self.trouble = "not read yet"  # why it may be old; empty where all is well
        self._db = db
        self._beside = beside
        self._mark = 0
        self._entries: dict[str, Entry | None] = {}  # None: the registry has it, and its word does not count
        self._listed: list[Entry] | None = None
        self._heard: list[Callable[[str], None]] = []

    def get(self, device: str) -> Entry | None:
        """One device whose word counts, or None."""
        if device in self._entries:
            return self._entries[device]
        return self._beside.get(device)

    def list(self, *, site: str = "", kind: Kind | None = None) -> list[Entry]:
        """Devices whose word counts, in order of (site, kind, device)."""
        listed = self._listed
        if listed is None:
            known = self._entries
            of_file = [entry for entry in self._beside.list() if entry.device not in known]
            listed = sorted([*of_file, *(entry for entry in known.values() if entry)], key=order)
            if known is self._entries:  # else it changed meanwhile, in another thread
                self._listed = listed
        return [
            entry
            for entry in listed
            if (not site or entry.site == site) and (kind is None or entry.kind == kind)
        ]

    def on_change(self, heard: Callable[[str], None]) -> None:
        """Call with the id of each device that changed, after it is known here; from the loop's thread."""
        self._heard.append(heard)

    def refresh(self) -> Sequence[str]:
        """Read what has changed; ids of these devices. Blocks. Raises Unavailable."""
        with self._db.read() as tx:
            mark = records.mark(tx)
            if mark == self._mark:
                self.trouble = ""
                return []
            anew = mark < self._mark  # a backup was put back: nothing that is known here counts
            found = records.since(tx, 0 if anew else self._mark)
        fresh = {one.device: one.entry() if one.state is State.ENROLLED else None for one in found}
        gone = self._entries.keys() - fresh.keys() if anew else set()
        kept = {} if anew else self._entries
        self._entries = kept | fresh  # a new one: whoever reads the old one is not disturbed
        self._listed = None
        self._mark = mark
        self.trouble = ""
        return [*fresh, *gone]

    async def run(self) -> None:
        """Follow changes, for ever."""
        while True:
            await self.turn()
            await asyncio.sleep(EVERY)

    async def turn(self) -> None:
        """Read once, and tell who wants to hear."""
        try:
            changed = await asyncio.to_thread(self.refresh)
        except Unavailable as error:
            if not self.trouble:
                _log.warning("the roster may be old: %s", error)
            self.trouble = str(error)
            return
        for device in changed:
            for heard in self._heard:
                heard(device)
