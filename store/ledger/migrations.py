"""Steps that bring an older ledger up to date; each runs once, in one transaction with its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, func, insert, inspect, select, text, update

from store import errors
from store.ledger.tables import SCHEMA, metadata, sketches, version, visitors

Step = Callable[[Connection], None]


def _create(connection: Connection) -> None:
    metadata.create_all(connection, tables=[t for t in metadata.sorted_tables if t is not version])


def _strays(connection: Connection) -> None:
    schema = SCHEMA if connection.dialect.name == "postgresql" else None
    columns = inspect(connection).get_columns("tallies", schema=schema)
    if all(column["name"] != "strays" for column in columns):
        name = f"{schema}.tallies" if schema else "tallies"
        connection.execute(text(f"ALTER TABLE {name} ADD COLUMN strays VARCHAR NOT NULL DEFAULT '[]'"))


def _visitors(connection: Connection) -> None:
    metadata.create_all(connection, tables=[sketches, visitors])


STEPS: Final[tuple[Step, ...]] = (
    _create,
    _strays,
    _visitors,
)  # step i brings version i to i + 1; only added to after a release
_LOCK: Final = 0x1ED6E5  # two processes that start at once on PostgreSQL migrate one after the other


def bring_up_to_date(connection: Connection, url: str) -> None:
    """Create or migrate the tables. Raises Gone for a ledger of a newer version."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if SCHEMA not in inspect(connection).get_schema_names():
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    version.create(connection, checkfirst=True)
    found = connection.execute(select(func.max(version.c.version))).scalar()
    have = int(found or 0)
    if have > len(STEPS):
        raise errors.Gone(
            f"the ledger at {url} was written by a newer version of this software",
            cure=f"install that version again (ledger: {have}, here: {len(STEPS)})",
        )
    for step in STEPS[have:]:
        step(connection)
    if found is None:
        connection.execute(insert(version), {"version": len(STEPS)})
    elif have < len(STEPS):
        connection.execute(update(version), {"version": len(STEPS)})
