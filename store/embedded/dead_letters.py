"""Dead letters in the embedded file; they are written by the sink."""

from __future__ import annotations

import builtins

from store.embedded.file import File, first
from store.ledger.letters import read
from store.sink import DeadLetter


class DeadLetters:
    """The embedded form of the port."""

    def __init__(self, file: File) -> None:
        self._file = file

    def get(self, letter: str) -> DeadLetter:
        with self._file.reading() as cursor:
            row = first(cursor, "SELECT letter, replayed FROM dead_letters WHERE id = ?", [letter])
        if row is None:
            raise LookupError(f"no dead letter {letter}")
        return read(*row)

    def count(self) -> int:
        with self._file.reading() as cursor:
            row = first(cursor, "SELECT count(*) FROM dead_letters WHERE replayed IS NULL")
        return int(row[0]) if row else 0

    def delete(self, letter: str) -> None:
        with self._file.writing() as connection:
            row = first(connection, "DELETE FROM dead_letters WHERE id = ?", [letter])
        if not row or not row[0]:
            raise LookupError(f"no dead letter {letter}")

    def list(self, *, after: str = "", limit: int = 100, replayed: bool = False) -> builtins.list[DeadLetter]:
        with self._file.reading() as cursor:
            rows = cursor.execute(
                "SELECT letter, replayed FROM dead_letters WHERE id > ? AND (replayed IS NULL OR ?) "
                "ORDER BY id LIMIT ?",
                [after, replayed, limit],
            ).fetchall()
        return [read(*row) for row in rows]
