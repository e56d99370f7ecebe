"""The one set of tables that packages add theirs to, and the column types both engines share."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import JSON

# Constraints have the same names on both engines, so that a migration can name them.
metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant: Final = BigInteger()  # µs UTC
Json: Final = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Serial: Final = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows only in INTEGER
