"""The ledger added up by its database; rows whose `shed` only we can tell are added here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from contracts.ledger import Row, Totals
from store.ledger import tables

_NOTHING: Final = "[]"  # no strays
_COUNTS: Final = ("stored", "dead", "duplicated", "unsequenced")


def plain(start: int, end: int, device: str) -> sa.Select[Any]:
    """Totals of all rows without strays, as columns in the order of Totals."""
    counts, tallies = tables.counts, tables.tallies
    none, zero = sa.cast(sa.null(), sa.BigInteger), sa.literal(0, sa.BigInteger)
    keys = ("device", "channel", "hour")
    counted = sa.select(
        *(counts.c[key] for key in keys),
        none.label("recorded"),
        zero.label("shed"),
        zero.label("strayed"),
        *(counts.c[name] for name in _COUNTS),
    ).where(*_within(counts, start, end, device))
    told = sa.select(
        *(tallies.c[key] for key in keys),
        tallies.c.recorded,
        tallies.c.shed,
        sa.case((tallies.c.strays != _NOTHING, 1), else_=0).label("strayed"),
        *(zero.label(name) for name in _COUNTS),
    ).where(*_within(tallies, start, end, device))
    both = sa.union_all(counted, told).subquery()
    row = (
        sa.select(
            sa.func.max(both.c.recorded).label("recorded"),
            *(sa.func.sum(both.c[name]).label(name) for name in ("shed", *_COUNTS)),
        )
        .group_by(*(both.c[key] for key in keys))
        .having(sa.func.sum(both.c.strayed) == 0)
        .subquery()
    ).c
    balance = row.recorded - row.shed - (row.stored - row.unsequenced) - row.dead
    return sa.select(
        _sum(row.recorded),
        _sum(row.stored),
        _sum(sa.case((balance > 0, balance), else_=0)),
        _sum(sa.case((balance < 0, -balance), else_=0)),
        _sum(row.shed),
        _sum(row.dead),
        _sum(row.duplicated),
        _sum(row.unsequenced),
        _sum(sa.case((sa.and_(row.recorded.is_(None), row.stored > row.unsequenced), 1), else_=0)),
    )


def strayed(start: int, end: int, device: str) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The others: counts, and tallies."""
    counts, tallies = tables.counts, tables.tallies
    told = sa.select(tallies).where(*_within(tallies, start, end, device), tallies.c.strays != _NOTHING)
    same = sa.and_(*(counts.c[key] == tallies.c[key] for key in ("device", "channel", "hour")))
    counted = sa.select(counts).where(
        *_within(counts, start, end, device), sa.exists().where(same, tallies.c.strays != _NOTHING)
    )
    return counted, told


def add(known: Iterable[int], rows: Iterable[Row]) -> Totals:
    """What the database added up, and rows."""
    first = Totals(**dict(zip(Totals.__struct_fields__, map(int, known), strict=True)))
    return first + Totals.of(rows)


def _within(table: sa.Table, start: int, end: int, device: str) -> list[sa.ColumnElement[bool]]:
    span = [table.c.hour >= start, table.c.hour < end]
    return [*span, table.c.device == device] if device else span


def _sum(of: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(of), 0)
