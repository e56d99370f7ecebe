"""Rows ↔ records: how commands, their histories and bulks lie in the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, delete, func, insert, select, update

from devices.commands.model import OPEN, Line, Record, State
from devices.commands.tables import bulks, commands, lines, strays

FIELDS: Final = Record.__struct_fields__
MOST_STRAYS: Final = 1_000
_CHUNK: Final = 500  # rows written at once


def record(row: RowMapping) -> Record:
    """Row → record."""
    return msgspec.convert({name: row[name] for name in FIELDS}, Record)


def find(tx: Connection, key: str, *, lock: bool = False) -> Record | None:
    """One command, or None; `lock`: until the transaction ends."""
    query = select(commands).where(commands.c.id == key)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else record(row)


def some(
    tx: Connection, *where: ColumnElement[bool], limit: int, lock: bool = False, order: Sequence[Any] = ()
) -> list[Record]:
    """Commands of which this is true, oldest first where no order is told."""
    by = order or (commands.c.issued, commands.c.id)
    query: Select[Any] = select(commands).where(*where).order_by(*by).limit(limit)
    if lock:
        query = query.with_for_update(skip_locked=True)
    return [record(row) for row in tx.execute(query).mappings()]


def add(tx: Connection, new: Iterable[Record], *, source: str = "desk") -> None:
    """Keep new commands, each with the first line of its history."""
    found = list(new)
    for start in range(0, len(found), _CHUNK):
        chunk = found[start : start + _CHUNK]
        tx.execute(insert(commands), [msgspec.to_builtins(one) for one in chunk])
        tx.execute(insert(lines).inline(), [_line(one, source) for one in chunk])


def put(tx: Connection, new: Record, *, source: str, line: bool) -> None:
    """Keep a command's changes; `line`: with a line of its history."""
    tx.execute(update(commands).where(commands.c.id == new.id).values(**msgspec.to_builtins(new)))
    if line:
        tx.execute(insert(lines).inline(), _line(new, source))


def history(tx: Connection, key: str) -> tuple[Line, ...]:
    """Lines of a command, oldest first."""
    query = select(lines).where(lines.c.command == key).order_by(lines.c.id)
    fields = Line.__struct_fields__
    return tuple(
        msgspec.convert({name: row[name] for name in fields}, Line) for row in tx.execute(query).mappings()
    )


def progress(tx: Connection, bulk: str) -> dict[State, int]:
    """State → commands of a bulk in it."""
    counted = select(commands.c.state, func.count()).where(commands.c.bulk == bulk).group_by(commands.c.state)
    return {State(state): count for state, count in tx.execute(counted)}


def stray(tx: Connection, *, device: str, command: str, reason: str, payload: str, now: int) -> bool:
    """Keep a result that belongs to no command; whether it is a new one. The oldest make room."""
    mine = (strays.c.device == device) & (strays.c.command == command) & (strays.c.reason == reason)
    again = update(strays).where(mine).values(count=strays.c.count + 1, time=now, payload=payload)
    if tx.execute(again).rowcount:
        return False
    tx.execute(
        insert(strays).inline(),
        {
            "device": device,
            "command": command,
            "reason": reason,
            "payload": payload,
            "time": now,
            "count": 1,
        },
    )
    newest = select(strays.c.id).order_by(strays.c.id.desc()).limit(1).offset(MOST_STRAYS).scalar_subquery()
    tx.execute(delete(strays).where(strays.c.id <= newest))
    return True


def _line(of: Record, source: str) -> dict[str, Any]:
    return {
        "command": of.id,
        "time": of.since,
        "state": of.state.value,
        "reason": of.reason,
        "source": source,
    }


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """A command to many, and how far they are."""

    id: str
    type: str
    selector: dict[str, Any]
    by: str
    by_name: str
    why: str
    issued: int  # µs UTC
    expires: int  # µs UTC
    total: int
    states: dict[str, int]  # state → how many
    over: int  # of them ended


def add_bulk(tx: Connection, first: Record, selector: dict[str, Any], total: int) -> Bulk:
    """Keep what a bulk was, by one of its commands."""
    made = Bulk(
        id=first.bulk,
        type=first.type.value,
        selector=selector,
        by=first.by,
        by_name=first.by_name,
        why=first.why,
        issued=first.issued,
        expires=first.expires,
        total=total,
        states={first.state.value: total},
        over=0,
    )
    columns = {column.name for column in bulks.columns}
    values = msgspec.to_builtins(made)
    tx.execute(insert(bulks).values({name: value for name, value in values.items() if name in columns}))
    return made


def bulk(tx: Connection, key: str) -> Bulk | None:
    """One bulk with its progress, or None."""
    row = tx.execute(select(bulks).where(bulks.c.id == key)).mappings().one_or_none()
    if row is None:
        return None
    states = progress(tx, key)
    over = sum(count for state, count in states.items() if state not in OPEN)
    told = {str(name): value for name, value in row.items()}
    return msgspec.convert({**told, "states": states, "over": over}, Bulk)
