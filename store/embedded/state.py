"""State in the embedded file."""

from __future__ import annotations

from store.embedded.file import File, first


class State:
    """The embedded form of the port."""

    def __init__(self, file: File) -> None:
        self._file = file

    def get(self, key: str) -> bytes | None:
        with self._file.reading() as cursor:
            row = first(cursor, "SELECT value FROM state WHERE key = ?", [key])
        return bytes(row[0]) if row else None

    def put(self, key: str, value: bytes) -> None:
        with self._file.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", [key, value])
