"""Secrets: in the city's vault, under a key for each subscription, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from sqlalchemy import Connection

_KIND: Final = "webhooks.secret"


class Vault(Protocol):
    """What webhooks need of city.privacy's vault."""

    def seal(
        self, tx: Connection, *, kind: str, record: str, subject: str, fields: Mapping[str, Any]
    ) -> None: ...
    def open(self, tx: Connection, kind: str, record: str) -> dict[str, Any]: ...
    def forget(self, tx: Connection, kind: str, record: str) -> bool: ...


class Secrets:
    """The secret of each subscription, and the one before it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def keep(self, tx: Connection, webhook: str, secret: str, *, before: str | None = None) -> None:
        """Keep a new secret, and the one before where it signs for a while yet."""
        fields = {"secret": secret, "before": before}
        self._vault.seal(tx, kind=_KIND, record=webhook, subject="", fields=fields)

    def read(self, tx: Connection, webhook: str) -> list[str]:
        """The secret, and the one before where it was kept. Raises the vault's errors."""
        found = self._vault.open(tx, _KIND, webhook)
        return [str(found[name]) for name in ("secret", "before") if name in found]

    def forget(self, tx: Connection, webhook: str) -> None:
        """Destroy what opens them."""
        self._vault.forget(tx, _KIND, webhook)
