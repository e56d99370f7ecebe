"""Set, move, cancel, pause and resume clocks, in the caller's transaction."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from city.db import notify
from city.schedule import opaque, rules
from city.schedule.clock import Clock, Standing, State, standing
from city.schedule.rules import Rule
from city.schedule.tables import clocks
from contracts.errors import Refused
from contracts.instants import SECOND
from runtime.calendar import Calendars
from runtime.clock import Clock as Time
from runtime.logs import clean

SET: Final = "imm_clocks_set"  # bell: a clock was set that is due before the next look
_SOON: Final = 2 * SECOND  # further ahead a clock is found by a look in time; the bell would cost for nothing


class Clocks:
    """Verbs on clocks; each is undone with the transaction that it is given."""

    def __init__(self, *, clock: Time, calendars: Calendars) -> None:
        self.calendars = calendars
        self._time = clock

    def set(self, tx: Connection, clock: Clock) -> None:
        """Set a clock, or replace the one of the same kind and key, paused or parked too. Raises Refused."""
        values = self._values(clock)
        build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        same = ["kind", "key"]
        changes = {name: value for name, value in values.items() if name not in same}
        tx.execute(build(clocks).values(values).on_conflict_do_update(index_elements=same, set_=changes))
        self._ring(tx, clock.due)

    def move(self, tx: Connection, kind: str, key: str, due: int) -> bool:
        """Give a clock another due time; a paused one stays paused. False where it has fired or never was."""
        row = _locked(tx, kind, key)
        if row is None:
            return False
        if row.state == State.PAUSED:
            left = self.calendars[row.calendar].between(self._time.now(), due)
            self._change(tx, row, due=due, remaining=left)
        else:
            self._change(tx, row, due=due, wake=due, state=State.RUNNING, attempts=0, error="")
            self._ring(tx, due)
        return True

    def cancel(self, tx: Connection, kind: str, key: str) -> bool:
        """Take a clock away. False where it has fired or never was."""
        return tx.execute(delete(clocks).where(_named(kind, key))).rowcount == 1

    def pause(self, tx: Connection, kind: str, key: str, *, reason: str) -> bool:
        """Stop a clock and keep what is left, in its calendar. False where there is none, or it is paused."""
        row = _locked(tx, kind, key)
        if row is None or row.state == State.PAUSED:
            return False
        left = self.calendars[row.calendar].between(self._time.now(), row.due)
        self._change(
            tx, row, state=State.PAUSED, wake=None, remaining=left, reason=clean(reason), attempts=0, error=""
        )
        return True

    def resume(self, tx: Connection, kind: str, key: str) -> int | None:
        """Let a paused clock run on with what was left; when it is due now. None where none is paused."""
        row = _locked(tx, kind, key)
        if row is None or row.state != State.PAUSED:
            return None
        now = self._time.now()
        if row.every is not None:
            due = self.following(row.every, due=row.due, now=now)
        else:
            due = self.calendars[row.calendar].after(now, row.remaining)
        self._change(tx, row, state=State.RUNNING, due=due, wake=due, remaining=None, reason="")
        self._ring(tx, due)
        return due

    def get(self, tx: Connection, kind: str, key: str) -> Standing | None:
        """A clock as it stands, None where it has fired or never was."""
        row = tx.execute(select(clocks).where(_named(kind, key))).mappings().one_or_none()
        return None if row is None else standing(row)

    def following(self, every: object, *, due: int, now: int) -> int:
        """When a repeated clock comes next, by its rule as it is written down. Raises Refused."""
        rule = msgspec.convert(every, Rule)
        return rules.following(rule, due=due, now=now, calendars=self.calendars)

    def _values(self, clock: Clock) -> dict[str, Any]:
        if clock.calendar not in self.calendars:
            raise Refused("calendar", clock.calendar, f"is none of {', '.join(self.calendars)}")
        return {
            "kind": opaque.text("kind", clock.kind),
            "key": opaque.text("key", clock.key),
            "state": State.RUNNING,
            "due": clock.due,
            "wake": clock.due,
            "calendar": clock.calendar,
            "remaining": None,
            "reason": "",
            "payload": opaque.payload("payload", clock.payload),
            "every": None if clock.every is None else msgspec.to_builtins(rules.check(clock.every)),
            "attempts": 0,
            "error": "",
            "changed": self._time.now(),
        }

    def _change(self, tx: Connection, row: Row[Any], **values: object) -> None:
        tx.execute(update(clocks).where(clocks.c.id == row.id).values(changed=self._time.now(), **values))

    def _ring(self, tx: Connection, due: int) -> None:
        if due <= self._time.now() + _SOON:
            notify(tx, SET)


def _named(kind: str, key: str) -> ColumnElement[bool]:
    return (clocks.c.kind == kind) & (clocks.c.key == key)


def _locked(tx: Connection, kind: str, key: str) -> Row[Any] | None:
    """The clock's row, locked: while it is firing we wait, and find it gone or set anew."""
    return tx.execute(select(clocks).where(_named(kind, key)).with_for_update()).one_or_none()
