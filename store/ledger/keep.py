"""Dead letters and state in the ledger's database."""

from __future__ import annotations

import builtins
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.ledger import tables
from store.ledger.database import Database
from store.ledger.letters import read
from store.sink import DeadLetter

_letters = tables.dead_letters
_state = tables.state


class DeadLetters:
    """The port on the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, letter: str) -> DeadLetter:
        with self._database.begin() as connection:
            row = connection.execute(sa.select(_letters).where(_letters.c.id == letter)).one_or_none()
        if row is None:
            raise LookupError(f"no dead letter {letter}")
        return read(row.letter, row.replayed)

    def count(self) -> int:
        query = sa.select(sa.func.count()).select_from(_letters).where(_letters.c.replayed.is_(None))
        with self._database.begin() as connection:
            return int(connection.execute(query).scalar_one())

    def delete(self, letter: str) -> None:
        with self._database.begin() as connection:
            gone = connection.execute(sa.delete(_letters).where(_letters.c.id == letter)).rowcount
        if not gone:
            raise LookupError(f"no dead letter {letter}")

    def list(self, *, after: str = "", limit: int = 100, replayed: bool = False) -> builtins.list[DeadLetter]:
        query = sa.select(_letters).where(_letters.c.id > after).order_by(_letters.c.id).limit(limit)
        if not replayed:
            query = query.where(_letters.c.replayed.is_(None))
        with self._database.begin() as connection:
            return [read(row.letter, row.replayed) for row in connection.execute(query)]


class State:
    """The port on the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> bytes | None:
        with self._database.begin() as connection:
            found = connection.execute(sa.select(_state.c.value).where(_state.c.key == key)).scalar()
        return None if found is None else bytes(found)

    def put(self, key: str, value: bytes) -> None:
        insert: Any = sqlite.insert if self._database.is_sqlite else postgresql.insert
        statement = insert(_state).values(key=key, value=value)
        with self._database.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
