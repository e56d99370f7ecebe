"""Rotate the key-encryption key while everything runs: a new one, then record after record under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, delete, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from city.audit import Entry, Trail
from city.db import Database, Lease
from city.errors import LeaseLost
from city.privacy import keks
from city.privacy.cipher import Unsealed
from city.privacy.errors import InUse, KeyMissing
from city.privacy.keys import Keys
from city.privacy.tables import keks as table
from city.privacy.tables import records
from city.privacy.vault import Vault, wrapping
from runtime.clock import Clock

LEASE: Final = "privacy.keys"
_HELD: Final = 30.0  # seconds; longer than one batch takes
_AT_ONCE: Final = 100  # records given up in one transaction
Place = tuple[str, str]  # kind and id of a record


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One key-encryption key."""

    id: str
    made: int | None  # µs UTC; None where it is not at hand
    since: int | None  # µs UTC at which it became the current one; None where it never was
    current: bool
    records: int  # whose keys it wraps

    @property
    def word(self) -> str:
        """How it stands, in a word."""
        if self.made is None:
            return "missing"
        if self.current:
            return "current"
        return "old" if self.since is not None else "waiting"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation did."""

    key: str  # the current one
    resumed: bool  # it went on with one that was cut off
    wrapped: int  # records brought under it
    left: int  # records that others had under way: call it again
    failed: tuple[Place, ...]  # records whose key cannot be opened: they stay as they are


def status(db: Database, keys: Keys) -> list[State]:
    """All keys that the database or the holder knows, oldest first. Raises BadKeys."""
    with db.read() as tx:
        named, counts = keks.named(tx), keks.counts(tx)
    known = keys.known()
    found = [
        State(
            id=key,
            made=known.get(key),
            since=named[key][0] if key in named else None,
            current=key in named and named[key][1],
            records=counts.get(key, 0),
        )
        for key in {**known, **named}
    ]
    return sorted(found, key=lambda state: (state.made or 0, state.id))


def prepare(db: Database, keys: Keys) -> str:
    """Make the next key without using it, to bring its file to other machines first; its id."""
    return _waiting(status(db, keys)) or keys.make()


def rotate(
    db: Database,
    keys: Keys,
    clock: Clock,
    *,
    batch: int = 200,
    told: Callable[[int], object] | None = None,
) -> Done:
    """Bring every record under a new key, or end a rotation that was cut off. Raises LeaseLost, KeyMissing.

    It may be killed anywhere and called again. Old keys stay readable: whoever runs notices nothing.
    """
    lease = Lease(db, LEASE, clock, seconds=_HELD)
    if not lease.take():
        raise LeaseLost(LEASE, "another rotation")
    try:
        wrapped, failed = _all(db, keys, lease, batch, told)
        resumed = bool(wrapped)
        if not resumed:
            _begin(db, keys, lease, _waiting(status(db, keys)) or keys.make(), clock.now())
            wrapped, failed = _all(db, keys, lease, batch, told)
        with db.read() as tx:
            key, counts = keks.current(tx), keks.counts(tx)
        left = sum(count for old, count in counts.items() if old != key) - len(failed)
        return Done(key=key, resumed=resumed, wrapped=wrapped, left=left, failed=tuple(failed))
    finally:
        lease.give_back()


def retire(db: Database, keys: Keys, key: str) -> None:
    """Destroy an old key: what it wrapped is lost then, in backups and free pages too. Raises InUse."""
    with db.begin() as tx:
        if keks.current(tx) == key:
            raise InUse(key, f"{key} is the current key")
    try:
        with db.begin() as tx:  # the foreign key waits for records that are being wrapped, and refuses then
            tx.execute(delete(table).where(table.c.id == key))
    except IntegrityError:
        with db.read() as tx:
            count = keks.counts(tx).get(key, 0)
        raise InUse(key, f"{key} wraps the keys of {count} records") from None
    keys.drop(key)


def abandon(db: Database, vault: Vault, key: str, trail: Trail) -> int:
    """Give a key up that is lost: the records that it wraps count as erased; how many. Raises InUse."""
    if key in vault.keys.known():
        raise InUse(key, f"{key} is at hand: nothing is lost")
    gone = 0
    while True:
        with db.begin() as tx:
            of = select(records.c.kind, records.c.record).where(records.c.kek == key).limit(_AT_ONCE)
            rows = tx.execute(of).all()
            for row in rows:
                vault.erase(tx, row.kind, row.record)
                trail.note(
                    tx, Entry(by="system", action="erased", kind=row.kind, record=row.record, why="key-lost")
                )
            if not rows:
                tx.execute(delete(table).where(table.c.id == key))
                return gone
        gone += len(rows)


def _waiting(states: list[State]) -> str:
    """A key that was made for the next rotation: newer than the current one, and never used."""
    made = max((state.made or 0 for state in states if state.current), default=0)
    newer = [state.id for state in states if state.since is None and (state.made or 0) > made]
    return newer[-1] if newer else ""


def _begin(db: Database, keys: Keys, lease: Lease, key: str, now: int) -> None:
    if key not in keys.known():
        raise KeyMissing(key, keys.where)
    with db.begin() as tx:
        lease.guard(tx)
        keks.promote(tx, key, now)


def _all(
    db: Database, keys: Keys, lease: Lease, batch: int, told: Callable[[int], object] | None
) -> tuple[int, list[Place]]:
    """Pass over all records until a pass finds none that it can bring under the current key."""
    wrapped = 0
    while True:
        place: Place | None = None
        failed: list[Place] = []
        count = 0
        while True:
            if not lease.take():
                raise LeaseLost(LEASE, "another rotation")
            done, place = _batch(db, keys, lease, place, batch, failed)
            count += done
            if told is not None:
                told(wrapped + count)
            if place is None:
                break
        wrapped += count
        if not count:
            return wrapped, failed


def _batch(
    db: Database, keys: Keys, lease: Lease, after: Place | None, limit: int, failed: list[Place]
) -> tuple[int, Place | None]:
    """Records after a place: how many were wrapped anew, and the last place; None at the end."""
    with db.begin() as tx:
        lease.guard(tx)
        current = keks.current(tx)
        query = (
            select(records)
            .where(records.c.kek.is_not(None), records.c.kek != current)
            .order_by(records.c.kind, records.c.record)
            .limit(limit)
            # Whoever has one of them under way may wait for another of ours: neither waits for the other.
            .with_for_update(skip_locked=True)
        )
        if after is not None:
            query = query.where(tuple_(records.c.kind, records.c.record) > tuple_(*after))
        rows = tx.execute(query).all()
        count = sum(_wrap(tx, keys, current, row, failed) for row in rows)
    return count, (rows[-1].kind, rows[-1].record) if rows else None


def _wrap(tx: Connection, keys: Keys, current: str, row: Row[Any], failed: list[Place]) -> bool:
    where = (row.kind, row.record, row.subject)
    try:
        key = keys.unwrap(row.kek, row.wrapped, wrapping(row.kek, *where))
    except (KeyMissing, Unsealed):
        failed.append((row.kind, row.record))
        return False
    values = {"kek": current, "wrapped": keys.wrap(current, key, wrapping(current, *where))}
    mine = (records.c.kind == row.kind) & (records.c.record == row.record)
    tx.execute(update(records).where(mine).values(**values))
    return True
