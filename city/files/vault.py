"""What files need of the vault (city.privacy): to seal key and name of one file, and to forget them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from sqlalchemy import Connection

FILE: Final = "files.file"  # kind of record in the vault


class Vault(Protocol):
    """Seals fields of a record under a key that belongs to it and can be destroyed."""

    def seal(
        self, tx: Connection, *, kind: str, record: str, subject: str, fields: Mapping[str, Any]
    ) -> None:
        """Keep fields of a record."""
        ...

    def open_many(self, tx: Connection, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Fields of records by id; those whose key is destroyed are left out."""
        ...

    def forget(self, tx: Connection, kind: str, record: str) -> bool:
        """Destroy a record's key, and all of the record."""
        ...
