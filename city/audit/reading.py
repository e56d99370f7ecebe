"""Reading the trail: pages for people, newest first, and rows → entries."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select

from city.audit.entries import CITY, Kept
from city.audit.tables import entries


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: each given field must match."""

    chain: str = CITY
    by: str = ""
    action: str = ""
    kind: str = ""
    record: str = ""
    unit: str = ""
    request: str = ""
    since: int | None = None  # µs UTC
    until: int | None = None  # µs UTC, not itself

    def where(self) -> list[ColumnElement[bool]]:
        """Conditions of a query."""
        words = ("by", "action", "kind", "record", "unit", "request")
        found = [entries.c[name] == getattr(self, name) for name in words if getattr(self, name)]
        if self.since is not None:
            found.append(entries.c.time >= self.since)
        if self.until is not None:
            found.append(entries.c.time < self.until)
        return [entries.c.chain == self.chain, *found]


def page(tx: Connection, filters: Filters, *, before: int | None = None, limit: int = 100) -> list[Kept]:
    """A page, newest first; `before`: id of the last entry of the page before."""
    query = select(entries).where(*filters.where()).order_by(entries.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(entries.c.id < before)
    return [kept(row) for row in tx.execute(query)]


def kept(row: Row[Any]) -> Kept:
    """Row → entry."""
    values = row._asdict()
    return Kept(**{**values, "fields": tuple(values["fields"].split(" ") if values["fields"] else ())})
