"""Remove contents that nobody refers to: abandoned uploads, what crashed on its way, what was let go."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import msgspec
from anyio import to_thread
from sqlalchemy import delete, insert, select, update

import city.errors
from city.db import Database
from city.files.settings import Settings
from city.files.shelf import Shelf
from city.files.tables import contents, strays
from contracts.instants import SECOND
from runtime.clock import Clock

_AT_ONCE: Final = 200  # rows in one transaction, so that no writer waits long
_log: Final = logging.getLogger(__name__)


class Sweep:
    """Safe beside uploads and beside other sweeps: a content that is kept at the same moment stays."""

    def __init__(self, db: Database, shelf: Shelf, clock: Clock, settings: Settings | None = None) -> None:
        self._db = db
        self._shelf = shelf
        self._clock = clock
        self._settings = settings or Settings()

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            try:
                gone = await to_thread.run_sync(self.once)
                if gone:
                    _log.info("removed %d contents that nobody referred to", gone)
            except city.errors.Failure as error:
                _log.warning("contents cannot be swept: %s", error)
            await asyncio.sleep(self._settings.sweep)

    def once(self) -> int:
        """Remove what is due; how many contents. Raises Away."""
        now = self._clock.now()
        self._let_go(now - round(self._settings.linger * SECOND))
        self._doom(now - round(self._settings.abandoned * SECOND))
        gone = 0
        while paths := self._doomed():
            for path in paths:  # the content first: a crash in between finds the row again
                self._shelf.remove(path)
            with self._db.begin() as tx:
                gone += tx.execute(delete(strays).where(strays.c.path.in_(paths))).rowcount
        return gone

    def _let_go(self, before: int) -> None:
        """Contents without references become doomed strays."""
        due = (
            select(contents.c.digest)
            .where((contents.c.refs == 0) & (contents.c.unused < before))
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        while True:
            with self._db.begin() as tx:
                digests = tx.execute(due).scalars().all()
                still = contents.c.digest.in_(digests) & (contents.c.refs == 0)
                paths = tx.execute(delete(contents).where(still).returning(contents.c.path)).scalars().all()
                if paths:
                    tx.execute(insert(strays), [{"path": path, "since": 0, "doomed": True} for path in paths])
            if len(digests) < _AT_ONCE:
                return

    def _doom(self, before: int) -> None:
        with self._db.begin() as tx:
            old = (strays.c.since < before) & strays.c.doomed.is_(False)
            tx.execute(update(strays).where(old).values(doomed=True))

    def _doomed(self) -> list[str]:
        with self._db.read() as tx:
            return list(
                tx.execute(select(strays.c.path).where(strays.c.doomed.is_(True)).limit(_AT_ONCE)).scalars()
            )


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """A content that should lie there, and does not as it should."""

    digest: str
    path: str
    wanted: int  # bytes
    found: int | None  # bytes; None where nothing lies there


def lacking(db: Database, shelf: Shelf) -> list[Lack]:
    """Contents that are referred to and are gone or of another size: restore them from a backup."""
    with db.read() as tx:
        rows = tx.execute(select(contents).where(contents.c.refs > 0)).all()
    found = []
    for row in rows:
        size = shelf.size(row.path)
        if size != row.stored:
            found.append(Lack(digest=row.digest, path=row.path, wanted=row.stored, found=size))
    return found
