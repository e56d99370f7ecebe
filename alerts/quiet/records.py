"""Silences in the database. Calls take part in the caller's transaction."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from alerts.errors import NoSilence
from alerts.quiet.model import Silence, State
from alerts.tables import silences

MOST: Final = 500  # silences that are planned or active at a time


def get(tx: Connection, silence: str, *, lock: bool = False) -> Silence:
    """One silence, held until the transaction ends where it is to change. Raises NoSilence."""
    query = select(silences).where(silences.c.id == silence)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NoSilence(silence)
    return _silence(row)


def living(tx: Connection, now: int) -> list[Silence]:
    """Those that are planned or active, by when they end."""
    query = select(silences).where(silences.c.ended.is_(None), silences.c.ends > now)
    return [_silence(row) for row in tx.execute(query.order_by(silences.c.ends, silences.c.id).limit(MOST))]


def page(
    tx: Connection, *, states: tuple[State, ...] = (), now: int, after: str = "", limit: int = 100
) -> list[Silence]:
    """Newest first, after one; of these states, or all."""
    query = select(silences).order_by(silences.c.id.desc()).limit(limit)
    if states:
        where = [_where(state, now) for state in states]
        query = query.where(where[0] if len(where) == 1 else where[0].self_group() | _any(where[1:]))
    if after:
        query = query.where(silences.c.id < after)
    return [_silence(row) for row in tx.execute(query)]


def put(tx: Connection, silence: Silence) -> None:
    """Write it as it is now."""
    values = msgspec.to_builtins(silence)
    if silence.revision == 1:
        tx.execute(insert(silences).values(values))
    else:
        tx.execute(update(silences).where(silences.c.id == silence.id).values(values))


def _where(state: State, now: int) -> ColumnElement[bool]:
    over = silences.c.ended.is_not(None) | (silences.c.ends <= now)
    if state is State.EXPIRED:
        return over
    return ~over & (silences.c.starts <= now if state is State.ACTIVE else silences.c.starts > now)


def _any(where: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    found = where[0]
    for one in where[1:]:
        found |= one
    return found


def _silence(row: Row[Any]) -> Silence:
    values = row._mapping  # noqa: SLF001 - public by its documentation
    return msgspec.convert({field: values[field] for field in Silence.__struct_fields__}, Silence)
