"""The register of releases: the same table shown again keeps to what was shown before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from city.disclosure.protect import LEAST, Table, protect
from city.disclosure.shape import Cell, Shape
from city.disclosure.steps import moved
from city.disclosure.tables import registered, releases
from contracts.errors import Refused

_KEY: Final = 160  # characters


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it was shown."""

    key: str
    number: int  # 1, 2, 3 …
    released: int  # µs UTC
    table: Table


def release(
    tx: Connection,
    key: str,
    shape: Shape,
    counts: Mapping[Cell, int],
    *,
    now: int,
    least: int = LEAST,
    zeros: bool = True,
    impossible: Collection[Cell] = (),
) -> Release:
    """What may be shown of a table today: its last release, a new one where enough changed. Raises Refused.

    `key` names the question, its period too (`wadul.cases.by-kelurahan.2026-q3`): a period that is over has a
    key of its own and so starts afresh. Whoever asks at once waits for the other, and gets the same.
    """
    if not 0 < len(key) <= _KEY:
        raise Refused("key", key, f"1 to {_KEY} characters")
    shape.summed(counts)
    last = _last(tx, key)
    if last is None:
        return _keep(
            tx, key, 1, now, counts, protect(shape, counts, least=least, zeros=zeros, impossible=impossible)
        )
    if _shape(last) != shape:
        raise Refused("shape", key, "was shown with other rows or columns: give it another key")
    if least < last["least"]:
        raise Refused("least", least, f"was shown with {last['least']}: what was hidden would show")
    before = {(row, column): count for row, column, count in last["counts"]}
    hidden = {(row, column) for row, column in last["hidden"]}
    then = moved(shape, before, counts, least=least, hidden=hidden)
    if then == {cell: before.get(cell, 0) for cell in shape.inner} and least == last["least"]:
        cells = {cell: None if cell in hidden else value for cell, value in shape.summed(before).items()}
        table = Table(shape=shape, least=least, cells=cells)
        return Release(key=key, number=last["number"], released=last["released"], table=table)
    table = protect(shape, then, least=least, zeros=zeros, impossible=impossible, keep_hidden=hidden)
    return _keep(tx, key, last["number"] + 1, now, then, table)


def _last(tx: Connection, key: str) -> RowMapping | None:
    """The newest release; the key is ours until the transaction ends."""
    build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    tx.execute(build(registered).values(key=key, number=0).on_conflict_do_nothing())
    held = select(registered.c.number).where(registered.c.key == key).with_for_update()
    number = tx.execute(held).scalar_one()
    query = select(releases).where(releases.c.key == key, releases.c.number == number)
    return tx.execute(query).mappings().one_or_none()


def _keep(
    tx: Connection, key: str, number: int, now: int, counts: Mapping[Cell, int], table: Table
) -> Release:
    values: dict[str, Any] = {
        "key": key,
        "number": number,
        "released": now,
        "least": table.least,
        "rows": [list(pair) for pair in table.shape.rows.items()],
        "columns": list(table.shape.columns),
        "counts": [[*cell, count] for cell, count in sorted(counts.items())],
        "hidden": [list(cell) for cell in sorted(table.hidden)],
    }
    tx.execute(insert(releases).values(**values))
    tx.execute(update(registered).where(registered.c.key == key).values(number=number))
    return Release(key=key, number=number, released=now, table=table)


def _shape(row: RowMapping) -> Shape:
    return Shape(dict(row["rows"]), tuple(row["columns"]))
