"""The blind index: look a record up by a value that the database does not hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection, delete, select

from city.db import Database, new_or_nothing
from city.privacy.errors import Taken
from city.privacy.tables import blinds

Values = str | tuple[str, ...] | None  # of one name; None: none any more
Hash = Callable[[str, str], str]  # name, value → hex


def put(
    db: Database,
    tx: Connection,
    *,
    kind: str,
    record: str,
    values: Mapping[str, Values],
    unique: Collection[str],
    hashed: Hash,
) -> None:
    """Let a record be found by these values instead of those it had under these names. Raises Taken."""
    for name, given in values.items():
        mine = (blinds.c.kind == kind) & (blinds.c.record == record) & (blinds.c.name == name)
        tx.execute(delete(blinds).where(mine))
        single = (given,) if isinstance(given, str) else given or ()
        for digest in sorted({hashed(name, value) for value in single}):
            row = {"kind": kind, "record": record, "name": name, "digest": digest}
            claim = digest if name in unique else None
            new = new_or_nothing(db, blinds).values(**row, claim=claim).returning(blinds.c.digest)
            if tx.execute(new).first() is None:  # rowcount tells nothing of an insert
                raise Taken(name)


def find(tx: Connection, *, kind: str, name: str, digest: str) -> tuple[str, ...]:
    """Ids of the records with this value."""
    query = select(blinds.c.record).where(
        blinds.c.kind == kind, blinds.c.name == name, blinds.c.digest == digest
    )
    return tuple(tx.execute(query.order_by(blinds.c.record)).scalars())
