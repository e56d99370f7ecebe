"""A person whose data was erased stays so: no new record of him comes in behind the erasure."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select, text

from city.db import Database
from city.privacy.errors import Erased
from city.privacy.tables import requests

ERASE: Final = "erase"
SUBJECT: Final = "subject"
# Any number, the same in every process of ours. SQLite lets one writer in anyhow.
_SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:subject, 4950132))")
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 4950132))")


def refuse(db: Database, tx: Connection, subject: str) -> None:
    """Make sure until the transaction ends that this person is not erased. Raises Erased."""
    if not subject:
        return  # of nobody: a code sent to an address, an anonymous report
    if not db.lite:
        tx.execute(_SHARED, {"subject": subject})
    query = select(func.count()).where(requests.c.subject == subject, requests.c.action == ERASE)
    if tx.execute(query).scalar_one():
        raise Erased(SUBJECT, subject)


def alone(db: Database, tx: Connection, subject: str) -> None:
    """Wait for those who write this person's data, and keep others out until the transaction ends."""
    if not db.lite:
        tx.execute(_ALONE, {"subject": subject})
