"""What of identities is personal or secret: sealed in the vault, looked up by keyed hashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from city.identity.ports import Blind, Vault


class Sealer:
    """The vault and the keyed hash under this package's own names."""

    def __init__(self, vault: Vault, blind: Blind) -> None:
        self._vault = vault
        self._blind = blind

    def seal(
        self, tx: Connection, kind: str, record: str, *, subject: str, fields: Mapping[str, Any]
    ) -> None:
        """Keep fields of a record; `subject` is the person whose data it is."""
        self._vault.seal(tx, kind=f"identity.{kind}", record=record, subject=subject, fields=fields)

    def open(self, tx: Connection, kind: str, record: str) -> Mapping[str, Any]:
        """Fields of a record; none where it was erased."""
        try:
            return self._vault.open(tx, f"identity.{kind}", record)
        except LookupError:
            return {}

    def blind(self, purpose: str, value: str) -> str:
        """Keyed hash of 64 hex digits."""
        return self._blind(f"identity.{purpose}", value)
