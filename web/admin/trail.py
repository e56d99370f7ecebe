"""The audit trail for who may read it: looked through, taken out, proved. Calls block: use a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import select

from city.audit import CITY, Entry, Filters, Kept, Trail, Witness, export, page
from city.audit.seals import Sign
from city.audit.verify import Report, verify
from city.db import Database
from city.identity.caller import Caller
from city.identity.tables.doors import apps
from city.identity.tables.people import people
from contracts.instants import MINUTE
from runtime.clock import Clock

READ: Final = "audit.read"
_KIND: Final = "audit.trail"
_FRESH: Final = MINUTE  # for so long a report is told again: it reads all there is


class Elsewhere(Exception):
    """The file with the seals' hashes is not on this machine: `imm audit verify` where it is."""

    def __init__(self, path: str) -> None:
        self.cure = "Run `imm audit verify` on the machine that seals the trail."
        super().__init__(f"{path} is not on this machine, so a cut at the end would not show")


class Book:
    """The city's chain."""

    def __init__(
        self, db: Database, *, clock: Clock, trail: Trail, witness: Witness, sign: Sign | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._trail = trail
        self._witness = witness
        self._sign = sign
        self._lock = threading.Lock()
        self._report: tuple[int, Report] | None = None

    def page(self, filters: Filters, *, before: int | None, limit: int) -> Sequence[Kept]:
        """Entries, newest first."""
        with self._db.read() as tx:
            return page(tx, filters, before=before, limit=limit)

    def lines(self, by: Caller, filters: Filters) -> Iterator[bytes]:
        """Entries and seals as JSON lines; that they were taken out is noted before the first."""
        with self._db.begin() as tx:
            self._trail.note(tx, Entry(by=by.id, action="exported", kind=_KIND, record=CITY))
        for line in export.lines(self._db, filters):
            yield line + b"\n"

    def names(self, ids: set[str]) -> dict[str, str]:
        """Names of those of them who are staff; of apps theirs."""
        staff = select(people.c.id, people.c.name).where(people.c.id.in_(ids), people.c.name != "")
        programs = select(apps.c.id, apps.c.name).where(apps.c.id.in_(ids))
        with self._db.read() as tx:
            return {row.id: row.name for query in (staff, programs) for row in tx.execute(query)}

    def report(self) -> tuple[Report, int]:
        """What a look at every entry and seal found, and when (µs UTC); once a minute. Raises Elsewhere."""
        with self._lock:
            now = self._clock.now()
            if self._report is None or not 0 <= now - self._report[0] < _FRESH:
                found = verify(self._db, CITY, self._witness, sign=self._sign)
                if found.first and not self._witness.path.exists():
                    raise Elsewhere(str(self._witness.path))
                self._report = (now, found)
            return self._report[1], self._report[0]
