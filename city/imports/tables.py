"""Tables of imports: runs, and which rows were taken in; of a row only what nobody can read back."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from city.db.schema import Instant, metadata

runs: Final = Table(
    "imports_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("layout", String(64), nullable=False),
    Column("by", String(64), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("digest", String(64), nullable=False),  # keyed, of the file
    Column("started", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("ended", Instant),  # nothing while it runs, or where its process died: see updated
    Column("committed", Boolean(create_constraint=False), nullable=False),
    Column("total", Integer, nullable=False),  # rows of the file
    Column("done", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)
Index("ix_imports_runs_layout", runs.c.layout, runs.c.started)

layouts: Final = Table(
    "imports_layouts",
    metadata,
    Column(
        "name", String(64), primary_key=True
    ),  # locked while rows of it are taken in: one import at a time
)

rows: Final = Table(
    "imports_rows",
    metadata,
    Column("layout", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),  # keyed digest of the row's key
    Column("digest", String(64), nullable=False),  # keyed digest of its values
    Column("run", String(36), nullable=False),  # that took it in last
)
