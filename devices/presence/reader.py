"""Presence as others read it: on the city's database; who is away, from memory."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from sqlalchemy import select

from city.db import Database
from city.errors import Unavailable
from contracts.presence import Presence, Reason, State
from devices.presence import records
from devices.presence.tables import presence

_log: Final = logging.getLogger(__name__)
_EVERY: Final = 2.0  # seconds between looks


class Book:
    """contracts.presence.Reader. Calls block: use a thread. Raises Unavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, device: str) -> Presence | None:
        """One device, or None where it is unknown."""
        with self._db.read() as tx:
            found = records.some(tx, presence.c.device == device)
        return found[0] if found else None

    def list(self, *, site: str = "", state: State | None = None) -> list[Presence]:
        """Devices in order of (site, device)."""
        where = [presence.c.site == site] if site else []
        where += [presence.c.state == state] if state is not None else []
        with self._db.read() as tx:
            return records.some(tx, *where)


class Away:
    """Devices of whose silence presence tells: offline, or late because nothing comes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: frozenset[str] = frozenset()

    def __call__(self) -> frozenset[str]:
        """Who is away, as of a few seconds ago."""
        return self._known

    async def run(self) -> None:
        """Keep looking; while the database is away what was known stays."""
        while True:
            try:
                self._known = await asyncio.to_thread(self._look)
            except Unavailable as error:
                _log.info("who is away is not known anew: %s", error)
            await asyncio.sleep(_EVERY)

    def _look(self) -> frozenset[str]:
        silent = (presence.c.state == State.LATE) & (presence.c.reason == Reason.SILENT)
        query = select(presence.c.device).where((presence.c.state == State.OFFLINE) | silent)
        with self._db.read() as tx:
            return frozenset(tx.scalars(query))
