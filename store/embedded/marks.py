"""Which hours of which series changed since they were rolled up; written with the samples that cause it."""

from __future__ import annotations

import numpy as np

from contracts.instants import HOUR
from store.embedded.catalog import NEVER, Catalog, Ids, Ints
from store.embedded.file import Connection
from store.port import CHANNELS

_HOURS = 1 << 32  # more hours than there will be: (series, hour) as one integer


class Marks:
    """Marked hours, in memory and in the table; use in the file's turn."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._codes: set[int] = set()
        self._fresh: list[int] = []
        self._last: tuple[Ids, Ints] | None = None
        self.seq = 0  # of the newest transaction that marked
        self.floors: Ints = np.zeros(len(CHANNELS), np.int64)  # by channel: samples before it have expired

    def load(self, connection: Connection) -> None:
        """Read the table."""
        rows = connection.execute("SELECT seq, series, hour FROM marks").fetchnumpy()
        if len(rows["seq"]):
            self.seq = int(np.max(rows["seq"]))
            self._codes = set((np.asarray(rows["series"], np.int64) * _HOURS + rows["hour"] // HOUR).tolist())
        for name, before in connection.execute("SELECT channel, before FROM floors").fetchall():
            if name in CHANNELS:
                self.floors[CHANNELS.index(name)] = before

    def insert(self, connection: Connection, ids: Ids, times: Ints) -> None:
        """Mark the hours of these rows that are not marked yet; hours before the floor stay as they are."""
        catalog = self._catalog
        hours = times - times % HOUR
        candidates = np.flatnonzero(hours != catalog.marked[ids])
        self._fresh, self._last = [], None
        if not len(candidates):
            return
        ids, hours = ids[candidates], hours[candidates]
        alive = hours >= self._floor(ids)
        ids, hours = ids[alive], hours[alive]
        codes = np.unique(ids.astype(np.int64) * _HOURS + hours // HOUR)
        self._last = (ids, hours)
        self._fresh = [code for code in codes.tolist() if code not in self._codes]
        if not self._fresh:
            return
        self.seq += 1
        fresh = np.array(self._fresh, np.int64)
        connection.register(
            "columns",
            {
                "q": np.full(len(fresh), self.seq),
                "s": (fresh // _HOURS).astype(np.int32),
                "h": fresh % _HOURS * HOUR,
            },
        )
        connection.execute("INSERT INTO marks SELECT * FROM columns")
        connection.unregister("columns")

    def _floor(self, ids: Ids) -> Ints:
        # A series that is new in this transaction has channel 0 until adopted: marked needlessly at worst.
        found: Ints = self.floors[self._catalog.channels[ids]]
        return found

    def settle(self) -> None:
        """What insert marked is durable."""
        self._codes.update(self._fresh)
        if self._last is not None:
            ids, hours = self._last
            self._catalog.marked[ids] = hours
        self._fresh, self._last = [], None

    def take(self, before: int) -> tuple[Ids, Ints]:
        """Marked (series, hour) with hour < before, oldest first; later writes mark them anew."""
        codes = np.fromiter(self._codes, np.int64, len(self._codes))
        codes = codes[codes % _HOURS < before // HOUR]
        self._codes.difference_update(codes.tolist())
        ids, hours = (codes // _HOURS).astype(np.int32), codes % _HOURS * HOUR
        current = self._catalog.marked[ids] == hours
        self._catalog.marked[ids[current]] = NEVER
        order = np.lexsort((ids, hours))
        return ids[order], hours[order]

    def put_back(self, ids: Ids, hours: Ints) -> None:
        """What was taken could not be rolled up: it stays marked."""
        self._codes.update((ids.astype(np.int64) * _HOURS + hours // HOUR).tolist())
