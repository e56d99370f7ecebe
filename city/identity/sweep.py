"""Deletes what is over: old sessions, links, codes, tokens, counts of failures. Bounded at each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Column, delete, select

from city.db import Database
from city.identity import throttle
from city.identity.settings import Settings
from city.identity.tables.doors import sessions, tokens
from city.identity.tables.factors import challenges, codes, links
from contracts.instants import DAY, SECOND

_MOST: Final = 2_000  # rows of a table at once: SQLite has one writer, and others wait for it
_KEPT: Final = DAY  # of links and codes that are over, for who asks why one did not work


def sweep(db: Database, now: int, settings: Settings) -> Mapping[str, int]:
    """Delete some of what is over; table → rows. Call it again until nothing is left."""
    sessions_before = now - round(settings.sessions.keep * SECOND)
    old: dict[str, tuple[Column[str], Column[int], int]] = {
        "sessions": (sessions.c.id, sessions.c.ends, sessions_before),
        "links": (links.c.id, links.c.expires, now - _KEPT),
        "codes": (codes.c.id, codes.c.expires, now - _KEPT),
        "tokens": (tokens.c.id, tokens.c.expires, now),
        "challenges": (challenges.c.hash, challenges.c.expires, now),
    }
    gone = {}
    for name, (key, until, before) in old.items():
        chosen = select(key).where(until < before).limit(_MOST)
        with db.begin() as tx:
            gone[name] = tx.execute(delete(key.table).where(key.in_(chosen))).rowcount
    with db.begin() as tx:
        gone["throttles"] = throttle.forget(tx, now, settings.throttle, most=_MOST)
    return gone
