"""Tables of the ledger beside InfluxDB: schema `ledger` on PostgreSQL, plain tables in a SQLite file."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA: Final = "ledger"
metadata: Final = MetaData(schema=SCHEMA)

version: Final = Table("version", metadata, Column("version", Integer, primary_key=True))

# Sequence numbers received, as JSON ranges: the row that workers lock, so that a batch is counted once.
received: Final = Table(
    "received",
    metadata,
    Column("device", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("ranges", String, nullable=False),
)

counts: Final = Table(
    "counts",
    metadata,
    Column("device", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("hour", BigInteger, primary_key=True),  # µs UTC at its start
    Column("site", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("dead", BigInteger, nullable=False),
    Column("duplicated", BigInteger, nullable=False),
    Column("unsequenced", BigInteger, nullable=False),
    Index("counts_hour", "hour"),
)

tallies: Final = Table(
    "tallies",
    metadata,
    Column("device", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("hour", BigInteger, primary_key=True),
    Column("site", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("shed", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),  # µs UTC by the device's clock
    Column("strays", String, nullable=False, server_default="[]"),  # JSON
    Index("tallies_hour", "hour"),
)

# Head of each device's newest tally: whether its spool still holds something.
spools: Final = Table(
    "spools",
    metadata,
    Column("device", String, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("spooled", BigInteger, nullable=False),
    Column("oldest", BigInteger, nullable=False),
)

gaps: Final = Table(
    "gaps",
    metadata,
    Column("device", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, primary_key=True),
    Column("reason", String, primary_key=True),
)

dead_letters: Final = Table(
    "dead_letters",
    metadata,
    Column("id", String, primary_key=True),
    Column("charged", LargeBinary, nullable=False),  # what it was counted as
    Column("letter", LargeBinary, nullable=False),
    Column("replayed", BigInteger),
)

state: Final = Table(
    "state",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# Sketches of visitors that wait to be merged, in the order of their arrival; here they stay for a minute.
sketches: Final = Table(
    "sketches",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("device", String, nullable=False),
    Column("value", LargeBinary, nullable=False),
)

# The same merged, by site, hour and key.
visitors: Final = Table(
    "visitors",
    metadata,
    Column("site", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("start", BigInteger, primary_key=True),  # µs UTC of the hour
    Column("key", String, primary_key=True),  # id of the site key
    Column("day", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("devices", String, nullable=False),  # JSON
    Column("due", Integer, nullable=False),  # store.visitors.shelf.Level
    Column("version", BigInteger, nullable=False),
    Index("visitors_start", "start"),
)
