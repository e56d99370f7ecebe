"""The vault: fields of records, each record under a key of its own, which is kept encrypted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, and_, delete, select, update

from city.db import Database, new_or_nothing
from city.privacy import blind, cipher, closed, generations, keks
from city.privacy.blind import Digests, Values
from city.privacy.cipher import Unsealed
from city.privacy.errors import Damaged, Erased, Unknown
from city.privacy.keys import Keys
from city.privacy.normal import normal
from city.privacy.tables import blinds, fields, records
from contracts.errors import Refused
from runtime.clock import Clock

_AT_ONCE: Final = 500  # records opened with one query


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """That the vault has a record, without any of it."""

    kind: str
    record: str
    subject: str
    created: int  # µs UTC
    changed: int  # µs UTC
    erased: int | None  # µs UTC


class Vault:
    """Shared by all threads. A record is known by its kind (`identity.person`) and its id."""

    def __init__(self, db: Database, keys: Keys, *, clock: Clock) -> None:
        self.keys = keys
        self._db = db
        self._clock = clock

    def seal(
        self,
        tx: Connection,
        *,
        kind: str,
        record: str,
        subject: str,
        fields: Mapping[str, Any],
        index: Mapping[str, Values] | None = None,
        unique: Collection[str] = (),
    ) -> None:
        """Keep fields of a record (JSON values; None takes one away); others stay as they are.

        `subject`: id of the person whose data it is, who may ask for it; empty: nobody's. `index`: values by
        which it is found, instead of those before; no two records of a kind have the same of a `unique` one.
        Raises Refused, Erased, Taken, KeyMissing: the transaction must not go on then.
        """
        key = self._key(tx, kind, record, subject)
        for field, value in fields.items():
            self._put(tx, key, kind, record, field, value)
        if index:
            values = {
                name: [self.digests(tx, name, one, kind=kind) for one in _all(given)]
                for name, given in index.items()
            }
            blind.put(self._db, tx, kind=kind, record=record, values=values, unique=unique)

    def open(self, tx: Connection, kind: str, record: str) -> dict[str, Any]:
        """All fields of a record; whoever shows it notes it. Raises Unknown, Erased, Damaged, KeyMissing."""
        found = self.open_many(tx, kind, [record])
        if record not in found:
            raise Unknown(kind, record) if self.held(tx, kind, record) is None else Erased(kind, record)
        return found[record]

    def open_many(self, tx: Connection, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Fields of many records by id; those that are unknown or erased are left out. Raises as `open`."""
        found: dict[str, dict[str, Any]] = {}
        rest = iter(ids)
        while batch := list(islice(rest, _AT_ONCE)):
            keys: dict[str, bytes] = {}
            for row in tx.execute(_opening(kind, batch)):
                if row.record not in keys:
                    keys[row.record] = self._unwrap(kind, row)
                    found[row.record] = {}
                if row.field is not None:
                    found[row.record][row.field] = _opened(keys[row.record], kind, row)
        return found

    def find(self, tx: Connection, kind: str, name: str, value: str) -> tuple[str, ...]:
        """Ids of the records of a kind with this value, however it is written. Raises Refused."""
        return blind.find(tx, kind=kind, name=name, digests=self.digests(tx, name, value, kind=kind))

    def digests(self, tx: Connection, name: str, value: str, *, kind: str) -> Digests:
        """Hashes by which a value is looked up, in this transaction alone. Raises Refused, KeyMissing."""
        newest, *older = generations.used(tx)
        return Digests(
            generation=newest,
            newest=self.blind(name, value, kind=kind, generation=newest),
            older=tuple(self.blind(name, value, kind=kind, generation=one) for one in older),
        )

    def blind(self, name: str, value: str, *, kind: str = "", generation: str = generations.FIRST) -> str:
        """Keyed hash of a value's normal form, 64 hex digits: the same only within a kind. Raises Refused.

        What is looked up by it takes `digests`, whose key is rotated; this one's is not.
        """
        message = normal(name, value).encode()
        return self.keys.mac(f"blind/{kind}/{name}", message, generation=generation).hex()

    def held(self, tx: Connection, kind: str, record: str) -> Held | None:
        """Whether the vault has it, or had it."""
        row = tx.execute(_holding().where(_is(kind, record))).one_or_none()
        return None if row is None else Held(**row._asdict())

    def of(self, tx: Connection, subject: str, *, kind: str = "") -> list[Held]:
        """All records of a person that can still be opened."""
        query = _holding().where(records.c.subject == subject, records.c.erased.is_(None))
        if kind:
            query = query.where(records.c.kind == kind)
        return [Held(**row._asdict()) for row in tx.execute(query.order_by(records.c.kind, records.c.record))]

    def hand(self, tx: Connection, kind: str, record: str, subject: str) -> None:
        """Say whose data a record is, which was nobody's or another's. Raises Unknown, Erased."""
        closed.refuse(self._db, tx, subject)
        row = self._locked(tx, kind, record)
        if row is None:
            raise Unknown(kind, record)
        key = self._unwrap(kind, row)
        values = {"subject": subject, **self._wrapped(tx, kind, record, subject, key)}
        tx.execute(update(records).where(_is(kind, record)).values(**values))

    def erase(self, tx: Connection, kind: str, record: str) -> bool:
        """Destroy a record's key, its fields and what it is found by; whether there was anything."""
        self._shred(tx)
        values = {"kek": None, "wrapped": b"", "erased": self._clock.now()}
        mine = _is(kind, record) & records.c.erased.is_(None)
        if not tx.execute(update(records).where(mine).values(**values)).rowcount:
            return False
        for table in (fields, blinds):
            tx.execute(delete(table).where(table.c.kind == kind, table.c.record == record))
        return True

    def forget(self, tx: Connection, kind: str, record: str) -> bool:
        """Erase a record that is deleted as a whole, so that not even its id stays; whether there was one."""
        self._shred(tx)
        return bool(tx.execute(delete(records).where(_is(kind, record))).rowcount)

    def _key(self, tx: Connection, kind: str, record: str, subject: str) -> bytes:
        """The record's own key, made where it is new; the row is ours until the transaction ends."""
        row = self._locked(tx, kind, record)
        if row is None:
            closed.refuse(self._db, tx, subject)
            key, now = cipher.key(), self._clock.now()
            new = {
                "kind": kind,
                "record": record,
                "subject": subject,
                "created": now,
                "changed": now,
                **self._wrapped(tx, kind, record, subject, key),
            }
            made = new_or_nothing(self._db, records).values(**new).returning(records.c.record)
            if tx.execute(made).first() is not None:
                return key
            row = self._locked(tx, kind, record)  # another was as quick
        if row is None or row.erased is not None:
            raise Erased(kind, record)
        if row.subject != subject:
            raise Refused("subject", subject, "the record is another's: hand it over first")
        tx.execute(update(records).where(_is(kind, record)).values(changed=self._clock.now()))
        return self._unwrap(kind, row)

    def _locked(self, tx: Connection, kind: str, record: str) -> Row[Any] | None:
        query = select(records).where(_is(kind, record)).with_for_update()
        return tx.execute(query).one_or_none()

    def _put(self, tx: Connection, key: bytes, kind: str, record: str, field: str, value: object) -> None:
        mine = and_(fields.c.kind == kind, fields.c.record == record, fields.c.field == field)
        if value is None:
            tx.execute(delete(fields).where(mine))
            return
        sealed = cipher.seal(key, msgspec.json.encode(value), _place(kind, record, field))
        if not tx.execute(update(fields).where(mine).values(sealed=sealed)).rowcount:
            tx.execute(fields.insert().values(kind=kind, record=record, field=field, sealed=sealed))

    def _wrapped(self, tx: Connection, kind: str, record: str, subject: str, key: bytes) -> dict[str, Any]:
        kek = keks.current(tx)
        return {"kek": kek, "wrapped": self.keys.wrap(kek, key, wrapping(kek, kind, record, subject))}

    def _unwrap(self, kind: str, row: Row[Any]) -> bytes:
        if row.kek is None:
            raise Erased(kind, row.record)
        try:
            return self.keys.unwrap(row.kek, row.wrapped, wrapping(row.kek, kind, row.record, row.subject))
        except Unsealed:
            raise Damaged(kind, row.record, "") from None

    def _shred(self, tx: Connection) -> None:
        if self._db.lite:  # what is deleted is overwritten, and does not stay in free pages
            tx.exec_driver_sql("PRAGMA secure_delete = ON")


def _all(given: Values) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given or ()


def wrapping(kek: str, kind: str, record: str, subject: str) -> bytes:
    """What a wrapped key is bound to."""
    return cipher.place("key", kek, kind, record, subject)


def _place(kind: str, record: str, field: str) -> bytes:
    return cipher.place("field", kind, record, field)


def _opened(key: bytes, kind: str, row: Row[Any]) -> Any:
    try:
        return msgspec.json.decode(cipher.unseal(key, row.sealed, _place(kind, row.record, row.field)))
    except Unsealed:
        raise Damaged(kind, row.record, row.field) from None


def _is(kind: str, record: str) -> Any:
    return and_(records.c.kind == kind, records.c.record == record)


def _holding() -> Select[Any]:
    return select(*(records.c[name] for name in Held.__struct_fields__))


def _opening(kind: str, ids: list[str]) -> Select[Any]:
    """Keys and fields with one query, so that both are of one moment."""
    of = and_(fields.c.kind == records.c.kind, fields.c.record == records.c.record)
    return (
        select(
            records.c.record,
            records.c.subject,
            records.c.kek,
            records.c.wrapped,
            fields.c.field,
            fields.c.sealed,
        )
        .select_from(records.outerjoin(fields, of))
        .where(records.c.kind == kind, records.c.record.in_(ids), records.c.erased.is_(None))
    )
