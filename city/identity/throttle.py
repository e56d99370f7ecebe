"""Slows whoever fails again and again: by account, by address, by device. Nobody is locked out for ever."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from city.db import Database, new_or_nothing
from city.identity.errors import TooMany
from city.identity.settings import Throttle as Limits
from city.identity.tables.factors import throttles
from contracts.instants import SECOND

_DOUBLINGS: Final = 40  # beyond any `most`: keeps the power finite


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that attempts are counted against."""

    key: str  # keyed hash: the table tells nothing of whom
    free: int  # failures before the first wait


def enter(db: Database, tx: Connection, marks: Iterable[Mark], now: int, limits: Limits) -> None:
    """Count an attempt before it is made, as if it failed: attempts at once are no way round.

    Raises TooMany, and counts nothing, while one of them has to wait.
    """
    for mark in sorted(marks, key=lambda one: one.key):  # one order for all: no two wait for each other
        start = {"key": mark.key, "failures": 0, "until": 0, "updated": now}
        tx.execute(new_or_nothing(db, throttles), start)
        query = select(throttles).where(throttles.c.key == mark.key).with_for_update()
        row = tx.execute(query).one()
        # One that waits longer than any does comes from a clock that was wrong: it must not bind us.
        if now < row.until <= now + round(limits.most * SECOND):
            raise TooMany((row.until - now) / SECOND)
        rested = not 0 <= now - row.updated < round(limits.forget * SECOND)
        failures = 1 if rested else row.failures + 1
        until = now + round(wait(failures - mark.free, limits) * SECOND)
        values = {"failures": failures, "until": until, "updated": now}
        tx.execute(update(throttles).where(throttles.c.key == mark.key).values(**values))


def wait(beyond: int, limits: Limits) -> float:
    """Seconds to wait after this many failures beyond the free ones."""
    if beyond < 1:
        return 0.0
    return min(limits.first * 2.0 ** min(beyond - 1, _DOUBLINGS), limits.most)


def forgive(tx: Connection, mark: Mark) -> None:
    """It did not fail: what was counted against an account or device is over."""
    tx.execute(delete(throttles).where(throttles.c.key == mark.key))


def undo(tx: Connection, mark: Mark) -> None:
    """It did not fail: take this one attempt back, and leave those of others that share the mark."""
    mine = (throttles.c.key == mark.key) & (throttles.c.failures > 0)
    tx.execute(update(throttles).where(mine).values(failures=throttles.c.failures - 1, until=0))


def forget(tx: Connection, now: int, limits: Limits, *, most: int = 5_000) -> int:
    """Delete what no longer matters, and the oldest beyond the bound; at most so many at once. How many."""
    old = now - round((limits.forget + limits.most) * SECOND)
    count = tx.execute(select(func.count()).select_from(throttles)).scalar_one()
    beyond = max(0, count - limits.rows)
    stale = select(throttles.c.key).where(throttles.c.updated < old).limit(most)
    gone = tx.execute(delete(throttles).where(throttles.c.key.in_(stale))).rowcount
    if gone < beyond:
        oldest = select(throttles.c.key).order_by(throttles.c.updated).limit(min(most, beyond - gone))
        gone += tx.execute(delete(throttles).where(throttles.c.key.in_(oldest))).rowcount
    return gone
