"""Whether somebody else has changed a record since its reader saw it: asked within the changing transaction.

Every record that people change counts its revisions from 1. Its row must be locked when this is asked (one
writer on SQLite, FOR UPDATE on PostgreSQL), or two may see the same revision.
"""

from __future__ import annotations

from city.errors import Outdated


def check(kind: str, key: str, *, seen: int | None, now: int) -> None:
    """Go on only where `seen` (None: whatever it is) is the revision that the record has. Raises Outdated."""
    if seen is not None and seen != now:
        raise Outdated(kind, key, seen=seen, now=now)
