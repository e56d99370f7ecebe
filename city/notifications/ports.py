"""What notices need of others: who a person is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from sqlalchemy import Connection


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is told."""

    name: str = ""  # as people address him
    language: str = "id"  # id, en
    addresses: Mapping[str, str] = {}  # channel → address: email, sms, whatsapp (E.164), telegram (chat)


class Directory(Protocol):
    """Knows people and their addresses."""

    def find(self, tx: Connection, person: str) -> Recipient | None:
        """The person, None where there is none any more."""
        ...
