"""How much a key may ask: a rate in each process, a count for the day in the database."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from sqlalchemy import delete, select, update

from city.db import Database, new_or_nothing
from city.identity.errors import OverQuota
from city.identity.keys import Key
from city.identity.tables.doors import spending
from contracts.instants import DAY, SECOND
from runtime.clock import Clock

_REMEMBERED: Final = 4_096  # keys in this process's memory; one that falls out begins anew with its rate
_PARTS: Final = 100  # of the day's count: so much is set aside at once, so that few requests are writes
_LARGEST: Final = 1_000  # of these: what a process that ends may have set aside and not used


class _Bucket:
    """What one key may still ask of this process."""

    def __init__(self, allowance: float, at: float) -> None:
        self.lock = threading.Lock()
        self.allowance = allowance
        self.at = at  # monotonic seconds
        self.day = 0  # µs UTC at which it began
        self.left = 0  # of what was set aside
        self.over = False  # nothing is left of the day


class Quotas:
    """Counts requests by key. All processes together never let more through in a day than the key has."""

    def __init__(self, db: Database, *, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, key: Key) -> None:
        """Count one request. Raises OverQuota."""
        bucket = self._bucket(key)
        with bucket.lock:
            at = self._clock.monotonic()
            rate = key.per_minute / 60
            bucket.allowance = min(key.per_minute, bucket.allowance + (at - bucket.at) * rate)
            bucket.at = at
            if bucket.allowance < 1:
                raise OverQuota("minute", key.per_minute, (1 - bucket.allowance) / rate)
            now = self._clock.now()
            day = now // DAY * DAY
            if bucket.day != day:
                bucket.day, bucket.left, bucket.over = day, 0, False
            if not bucket.left and not bucket.over:
                bucket.left = self._set_aside(key, day)
                bucket.over = not bucket.left
            if bucket.over:
                raise OverQuota("day", key.per_day, (day + DAY - now) / SECOND)
            bucket.left -= 1
            bucket.allowance -= 1

    def _bucket(self, key: Key) -> _Bucket:
        with self._lock:
            bucket = self._buckets.pop(key.id, None) or _Bucket(key.per_minute, self._clock.monotonic())
            self._buckets[key.id] = bucket
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
            return bucket

    def _set_aside(self, key: Key, day: int) -> int:
        """Take a part of the day's count for this process; 0 where nothing is left."""
        mine = (spending.c.key == key.id) & (spending.c.day == day)
        with self._db.begin() as tx:
            tx.execute(new_or_nothing(self._db, spending), {"key": key.id, "day": day, "spent": 0})
            spent = tx.execute(select(spending.c.spent).where(mine).with_for_update()).scalar_one()
            part = max(1, min(key.per_day // _PARTS, _LARGEST))
            taken: int = max(0, min(part, key.per_day - spent))
            tx.execute(update(spending).where(mine).values(spent=spent + taken))
            # Days before belong to nobody's count any more.
            tx.execute(delete(spending).where(spending.c.key == key.id, spending.c.day < day))
        return taken
