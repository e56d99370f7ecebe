"""The blind index: look a record up by a value that the database does not hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, delete, select

from city.db import Database, new_or_nothing
from city.privacy.errors import Taken
from city.privacy.tables import blinds

Values = str | tuple[str, ...] | None  # of one name; None: none any more


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """Keyed hashes of one value, by each generation of the key that is in use."""

    generation: str  # the newest
    newest: str  # hex
    older: tuple[str, ...] = ()  # hex; while a rotation goes on

    @property
    def all(self) -> Sequence[str]:
        """By any of which the value may be found."""
        return (self.newest, *self.older)


def put(
    db: Database,
    tx: Connection,
    *,
    kind: str,
    record: str,
    values: Mapping[str, Sequence[Digests]],
    unique: Collection[str],
) -> None:
    """Let a record be found by these values instead of those it had under these names. Raises Taken."""
    for name, given in values.items():
        mine = (blinds.c.kind == kind) & (blinds.c.record == record) & (blinds.c.name == name)
        tx.execute(delete(blinds).where(mine))
        for digests in sorted({one.newest: one for one in given}.values(), key=lambda one: one.newest):
            if name in unique and digests.older and _claimed(tx, kind, name, digests.older):
                raise Taken(name)
            row = {"kind": kind, "record": record, "name": name, "digest": digests.newest}
            claim = digests.newest if name in unique else None
            new = new_or_nothing(db, blinds).values(**row, claim=claim, generation=digests.generation)
            if tx.execute(new.returning(blinds.c.digest)).first() is None:  # rowcount tells nothing here
                raise Taken(name)


def find(tx: Connection, *, kind: str, name: str, digests: Digests) -> tuple[str, ...]:
    """Ids of the records with this value."""
    query = select(blinds.c.record).where(
        blinds.c.kind == kind, blinds.c.name == name, blinds.c.digest.in_(digests.all)
    )
    return tuple(tx.execute(query.order_by(blinds.c.record)).scalars())


def _claimed(tx: Connection, kind: str, name: str, older: Sequence[str]) -> bool:
    query = select(blinds.c.record).where(
        blinds.c.kind == kind, blinds.c.name == name, blinds.c.claim.in_(older)
    )
    return tx.execute(query.limit(1)).first() is not None
