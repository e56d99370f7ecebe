"""The table of clocks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from city.db.schema import Instant, Json, Serial, metadata

clocks: Final = Table(
    "clocks",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(64), nullable=False),
    Column("key", String(120), nullable=False),
    Column("state", String(8), nullable=False),  # running, paused, parked
    Column("due", Instant, nullable=False),
    # When it is looked at next: when it is due, or after a failure's back-off; nothing while it rests.
    Column("wake", Instant),
    Column("calendar", String(8), nullable=False),
    Column("remaining", BigInteger),  # µs of its calendar that a paused one has left
    Column("reason", String(200), nullable=False),  # of the pause
    Column("payload", Json, nullable=False),
    Column("every", Json),  # rule of a repeated one
    Column("attempts", Integer, nullable=False),  # failures since it fell due
    Column("error", Text, nullable=False),  # the last one
    Column("changed", Instant, nullable=False),
    UniqueConstraint("kind", "key"),
    sqlite_autoincrement=True,  # an id that an operator noted names no other clock later
)
# Each kind has its own queue: whoever has no handler for a kind does not read past its clocks.
Index(
    "ix_clocks_wake",
    clocks.c.kind,
    clocks.c.wake,
    sqlite_where=clocks.c.wake.is_not(None),
    postgresql_where=clocks.c.wake.is_not(None),
)
Index(
    "ix_clocks_resting",
    clocks.c.state,
    clocks.c.id,
    sqlite_where=clocks.c.wake.is_(None),
    postgresql_where=clocks.c.wake.is_(None),
)
# Failed and to be tried again: few, and what an operator asks for.
Index(
    "ix_clocks_failing",
    clocks.c.id,
    sqlite_where=clocks.c.error != "",
    postgresql_where=clocks.c.error != "",
)
