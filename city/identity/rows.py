"""Rows that only one of all who try may add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table

from city.db import Database, new_or_nothing


def add(db: Database, tx: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Add a row unless there is one of its key already; whether it did."""
    key = next(iter(table.primary_key))
    # Asked back, since the number of rows that an INSERT made is not told by every driver.
    return tx.execute(new_or_nothing(db, table).values(**row).returning(key)).first() is not None
