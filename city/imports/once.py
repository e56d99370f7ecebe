"""Which rows were taken in before: by keyed digests, so that importing a file again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from city.db import Database, new_or_nothing
from city.imports.columns import Layout, Row
from city.imports.tables import layouts, rows

Blind = Callable[[str, str], str]  # (kind, value) → at most 64 characters that nobody can turn back
_encoder: Final = msgspec.json.Encoder(enc_hook=str, order="sorted")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it is remembered."""

    key: str
    digest: str


def mark(row: Row, layout: Layout, blind: Blind) -> Mark:
    """How a row is remembered; without key columns a row is its own key."""
    values = _encoder.encode(row.values).decode()
    key = _encoder.encode([row.values[name] for name in layout.key]).decode() if layout.key else values
    return Mark(
        key=blind(f"imports.key.{layout.name}", key), digest=blind(f"imports.row.{layout.name}", values)
    )


def lock(db: Database, tx: Connection, layout: str) -> None:
    """Until the transaction ends, nobody else takes in rows of this layout."""
    tx.execute(new_or_nothing(db, layouts), {"name": layout})
    tx.execute(select(layouts).where(layouts.c.name == layout).with_for_update())


def known(tx: Connection, layout: str, marks: list[Mark]) -> dict[str, str]:
    """Digests of those rows that were taken in before, by key."""
    found = tx.execute(
        select(rows.c.key, rows.c.digest).where(
            rows.c.layout == layout, rows.c.key.in_([one.key for one in marks])
        )
    )
    return {row.key: row.digest for row in found}


def remember(tx: Connection, layout: str, one: Mark, run: str, *, new: bool) -> None:
    """This row is taken in."""
    if new:
        tx.execute(insert(rows).values(layout=layout, key=one.key, digest=one.digest, run=run))
    else:
        here = (rows.c.layout == layout) & (rows.c.key == one.key)
        tx.execute(update(rows).where(here).values(digest=one.digest, run=run))


def forget(tx: Connection, layout: Layout, key: tuple[Any, ...], blind: Blind) -> None:
    """A record that came from a row with this key is gone: the same row may be taken in again."""
    text = _encoder.encode(list(key)).decode()
    here = (rows.c.layout == layout.name) & (rows.c.key == blind(f"imports.key.{layout.name}", text))
    tx.execute(delete(rows).where(here))
