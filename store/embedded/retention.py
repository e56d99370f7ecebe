"""Removing what is older than its policy, a day at a time, and only after it was rolled up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.instants import DAY, HOUR, floor
from store.embedded import schema
from store.embedded.catalog import Catalog, Ids
from store.embedded.file import Connection, File, first
from store.embedded.marks import Marks
from store.port import CHANNELS, Kept, Policy


class Retention:
    """Runs beside the writer; one call at a time."""

    def __init__(self, file: File, catalog: Catalog, marks: Marks) -> None:
        self._file = file
        self._catalog = catalog
        self._marks = marks

    def run(self, policies: Sequence[Policy], now: int) -> tuple[Kept, ...]:
        """Remove what is due; the roll-ups must be up to date."""
        return tuple(self._one(policy, now) for policy in policies)

    def _one(self, policy: Policy, now: int) -> Kept:
        # Whole days, so that no roll-up's bucket is ever half gone; probes are not rolled up.
        before = floor(now - policy.keep, HOUR if policy.channel == "probe" else DAY)
        if policy.channel == "rollup":
            due, gone = self._remove([schema.ROLLUPS[policy.level]], before, "true")
        else:
            code = CHANNELS.index(policy.channel)
            with self._file.turn():
                self._marks.floors[code] = max(before, int(self._marks.floors[code]))
            ids = np.flatnonzero(self._catalog.channels[: len(self._catalog.series)] == code).astype(np.int32)
            with self._file.beside() as connection:
                connection.execute("DELETE FROM floors WHERE channel = ?", [policy.channel])
                connection.execute("INSERT INTO floors VALUES (?, ?)", [policy.channel, before])
            due, gone = self._remove(
                ["samples", "others"], before, "series IN (SELECT id FROM expiring)", ids
            )
        return Kept(channel=policy.channel, level=policy.level, before=before, due=due, gone=gone)

    def _remove(
        self,
        tables: list[str],
        before: int,
        which: str,
        ids: Ids | None = None,
    ) -> tuple[int, int]:
        due = gone = 0
        for table in tables:
            where = f"{which} AND ts < {before}"
            with self._file.beside() as connection:
                connection.register("expiring", {"id": ids if ids is not None else np.empty(0, np.int32)})
                count = _count(connection, f"SELECT count(*) FROM {table} WHERE {where}")
                due += count
                gone += _count(connection, f"DELETE FROM {table} WHERE {where}") if count else 0
        return due, gone


def _count(connection: Connection, statement: str) -> int:
    row = first(connection, statement)
    return int(row[0]) if row else 0
