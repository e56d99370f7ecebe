"""What identities need of others: something that encrypts, and something that sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection


class Vault(Protocol):
    """Keeps what is personal or secret encrypted, each record under a key of its own."""

    def seal(
        self, tx: Connection, *, kind: str, record: str, subject: str, fields: Mapping[str, Any]
    ) -> None:
        """Keep fields of a record; `subject` is the person whose data it is."""
        ...

    def open(self, tx: Connection, kind: str, record: str) -> dict[str, Any]:
        """The fields. Raises LookupError where they are not there or were erased."""
        ...


class Blind(Protocol):
    """Keyed hash: the same for the same value of a purpose, and of no use without the key."""

    def __call__(self, purpose: str, value: str) -> str:
        """64 hex digits."""
        ...


class Sender(Protocol):
    """Brings a one-time code to a phone or a mailbox."""

    def send(self, *, kind: str, address: str, code: str, language: str) -> None:
        """Hand it over now; it may not lie anywhere in clear. Raises Unsent."""
        ...
