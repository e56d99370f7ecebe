"""Fire the clocks of one kind that are due: each in the transaction that takes it away or moves it on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, ScalarSelect, delete, func, select, update
from sqlalchemy.exc import DBAPIError

from city.db import Database, new_or_nothing
from city.db.engines import outage
from city.errors import Unavailable
from city.schedule.clock import State
from city.schedule.clocks import Clocks
from city.schedule.figures import Figures
from city.schedule.handlers import ALWAYS, Fired, Handler
from city.schedule.rules import check
from city.schedule.settings import Settings
from city.schedule.tables import clocks
from contracts.instants import SECOND
from runtime.clock import Clock as Time
from runtime.logs import clean

_log: Final = logging.getLogger(__name__)


class _Stuck(Exception):
    """A handler failed; all that was done beside it is undone and done again, one by one."""


class Tally(msgspec.Struct, kw_only=True):
    """What one transaction did; counted once it is committed."""

    fired: list[float] = msgspec.field(default_factory=list)  # seconds late, of each
    failed: int = 0
    parked: int = 0
    seen: int = 0  # clocks looked at: none means that none was due, or others have them


class Firing:
    """Fires clocks. Calls block: use a thread."""

    def __init__(
        self,
        db: Database,
        time: Time,
        clocks_: Clocks,
        handlers: Mapping[str, Handler],
        figures: Figures,
        settings: Settings,
    ) -> None:
        self._db = db
        self._time = time
        self._clocks = clocks_
        self._handlers = handlers
        self._figures = figures
        self._settings = settings
        # One seek of the index a kind: it costs the same with a million clocks.
        self._look = select(*(_earliest(kind) for kind in handlers))

    def keep(self) -> None:
        """Make the clocks that handlers keep themselves, or give them a rule that has changed."""
        now = self._time.now()
        with self._db.begin() as tx:
            for handler in self._handlers.values():
                if handler.every is None:
                    continue
                every = msgspec.to_builtins(check(handler.every))
                due = self._clocks.following(every, due=now, now=now)
                fresh = {
                    "kind": handler.kind,
                    "key": ALWAYS,
                    "state": State.RUNNING,
                    "due": due,
                    "wake": due,
                    "calendar": "always",
                    "reason": "",
                    "payload": {},
                    "every": every,
                    "attempts": 0,
                    "error": "",
                    "changed": now,
                }
                tx.execute(new_or_nothing(self._db, clocks).values(fresh))
                mine = (clocks.c.kind == handler.kind) & (clocks.c.key == ALWAYS)
                row = tx.execute(select(clocks).where(mine).with_for_update()).one()
                if row.every != every:
                    awake = {"due": due, "wake": due} if row.state == State.RUNNING else {}
                    tx.execute(update(clocks).where(clocks.c.id == row.id).values(every=every, **awake))

    def earliest(self) -> dict[str, int]:
        """When the next clock of each kind is to be looked at; kinds without one are left out."""
        if not self._handlers:
            return {}
        with self._db.read() as tx:
            row = tx.execute(self._look).one()
        return {kind: wake for kind, wake in zip(self._handlers, row, strict=True) if wake is not None}

    def fire(self, kind: str) -> Tally:
        """Fire what is due of a kind, as long as a turn lasts. Raises Unavailable: nothing was done then."""
        try:
            tally = self._transaction(kind, careful=False)
        except _Stuck:
            tally = self._transaction(kind, careful=True)
        for late in tally.fired:
            self._figures.late.labels(kind).observe(late)
        self._figures.fired.labels(kind).inc(len(tally.fired))
        self._figures.failed.labels(kind).inc(tally.failed)
        self._figures.parked.labels(kind).inc(tally.parked)
        return tally

    def _transaction(self, kind: str, *, careful: bool) -> Tally:
        tally = Tally()
        end = self._time.monotonic() + self._settings.turn
        with self._db.begin() as tx:
            for row in self._due(tx, kind):
                tally.seen += 1
                self._one(tx, row, tally, careful=careful)
                if self._time.monotonic() >= end:
                    break
        return tally

    def _due(self, tx: Connection, kind: str) -> Sequence[Row[Any]]:
        query = (
            select(clocks)
            .where(clocks.c.kind == kind, clocks.c.wake <= self._time.now())
            .order_by(clocks.c.wake)
            .limit(self._settings.batch)
        )
        return tx.execute(
            query.with_for_update(skip_locked=True)
        ).all()  # what another process has is left to it

    def _one(self, tx: Connection, row: Row[Any], tally: Tally, *, careful: bool) -> None:
        """Fire one clock; where it fails, it alone is undone, or all. Raises _Stuck, Unavailable."""
        now = self._time.now()
        handler = self._handlers[row.kind]
        try:
            if careful:
                with tx.begin_nested():
                    fired = self._take(tx, row, now, handler)
            else:
                fired = self._take(tx, row, now, handler)
        except Exception as error:  # whatever a handler's fault is, it must not stop the others
            if isinstance(error, Unavailable) or (isinstance(error, DBAPIError) and outage(error)):
                raise
            if not careful:
                raise _Stuck from error
            self._failed(tx, row, error, tally)
            return
        if fired:
            tally.fired.append(max(0, now - row.due) / SECOND)

    def _take(self, tx: Connection, row: Row[Any], now: int, handler: Handler) -> bool:
        """Take the clock away, or move it on, then act: whoever acts may set it anew, or cancel it."""
        # An earlier one of this transaction may have moved or cancelled this one.
        same = (clocks.c.id == row.id) & (clocks.c.wake == row.wake)
        if row.every is None:
            done = tx.execute(delete(clocks).where(same))
        else:
            due = self._next(row, now)
            values = {"due": due, "wake": due, "attempts": 0, "error": "", "changed": now}
            done = tx.execute(update(clocks).where(same).values(values))
        if done.rowcount != 1:
            return False
        handler.fire(tx, Fired(kind=row.kind, key=row.key, due=row.due, now=now, payload=row.payload))
        return True

    def _next(self, row: Row[Any], now: int) -> int:
        """When a repeated clock comes next; one that was fired by hand keeps the time it had."""
        return row.due if row.due > now else self._clocks.following(row.every, due=row.due, now=now)

    def _failed(self, tx: Connection, row: Row[Any], error: Exception, tally: Tally) -> None:
        """Try again later, or give it up: a repeated one goes on, another is parked."""
        now = self._time.now()
        handler = self._handlers[row.kind]
        attempts = row.attempts + 1
        gone = attempts >= handler.attempts
        told = _told(error)
        values: dict[str, object] = {"attempts": attempts, "error": told, "changed": now}
        if not gone:
            values["wake"] = now + round(self._settings.delay(attempts) * SECOND)
        elif row.every is not None:
            due = self._next(row, now)
            values |= {"due": due, "wake": due, "attempts": 0}
        else:
            values |= {"state": State.PARKED, "wake": None}
        tx.execute(update(clocks).where(clocks.c.id == row.id).values(values))
        tally.failed += 1
        tally.parked += gone
        _log.warning(
            "clock %s %s failed, attempt %d of %d: %s",
            row.kind,
            row.key,
            attempts,
            handler.attempts,
            told,
            exc_info=error if gone and not isinstance(error, DBAPIError) else None,
        )


def _earliest(kind: str) -> ScalarSelect[int | None]:
    mine = (clocks.c.kind == kind) & clocks.c.wake.is_not(None)
    return select(func.min(clocks.c.wake)).where(mine).scalar_subquery()


def _told(error: Exception) -> str:
    """One line for table and log; of a database's error no parameters, which may be anybody's data."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = str(cause).splitlines()
    return clean(f"{type(cause).__name__}: {lines[0] if lines else ''}", 500)
