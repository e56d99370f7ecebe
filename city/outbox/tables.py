"""Tables of the outbox."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from city.db.schema import Instant, Serial, metadata

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column(
        "position", BigInteger, nullable=True, unique=True
    ),  # given by the relay, in the order it saw the rows
    Column("type", String(120), nullable=False),  # of the event, without the platform's prefix
    Column("probe", Boolean, nullable=False),
    Column("created", Instant, nullable=False),
    Column("event", Text, nullable=False),  # CloudEvent in JSON
    sqlite_autoincrement=True,  # an id is never used twice, also not after the newest rows are gone
)
Index(
    "ix_outbox_new",
    outbox.c.id,
    sqlite_where=outbox.c.position.is_(None),
    postgresql_where=outbox.c.position.is_(None),
)
Index("ix_outbox_created", outbox.c.created)

cursors: Final = Table(
    "outbox_cursors",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),  # of the newest event that it is done with
    Column("attempts", Integer, nullable=False),  # failures of the next event so far
    Column("not_before", Instant, nullable=False),  # when the next event is tried again
    Column("last_error", Text, nullable=False),
    Column("changed", Instant, nullable=False),
)

failures: Final = Table(
    "outbox_failures",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("consumer", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("type", String(120), nullable=False),
    Column("event", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("parked", Instant, nullable=False),
    Column("subject", String(200), nullable=False, server_default=""),
    Column("asked", Instant, nullable=True),  # since when it waits to be taken again
    UniqueConstraint("consumer", "position"),
)
Index(
    "ix_outbox_failures_asked",
    failures.c.consumer,
    sqlite_where=failures.c.asked.is_not(None),
    postgresql_where=failures.c.asked.is_not(None),
)
