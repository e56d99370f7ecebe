"""The embedded engine behind the port."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.series import Block, Buckets, Last, Points, Selector, Series, Statistic
from store import check, errors
from store.embedded.catalog import Catalog, restored
from store.embedded.compaction import Compaction
from store.embedded.file import File
from store.embedded.marks import Marks
from store.embedded.reading import Reading
from store.embedded.retention import Retention
from store.embedded.rollups import RollUps, load_latest
from store.embedded.samples import Samples
from store.port import Policy, Report


class Engine:
    """Samples in one DuckDB file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self.catalog = Catalog()
        self._marks = Marks(self.catalog)
        self.samples = Samples(self.catalog, self._marks)
        self._reading = Reading(file, self.catalog, self._marks)
        self._roll_ups = RollUps(file, self.catalog, self._marks)
        self._retention = Retention(file, self.catalog, self._marks)
        self._compaction = Compaction(file)
        with file.writing() as connection:
            rows = connection.execute(
                "SELECT site, kind, device, metric, instance, unit FROM series ORDER BY id"
            ).fetchall()
            self.catalog.adopt(restored(row) for row in rows)
            typed = connection.execute("SELECT DISTINCT series FROM others").fetchall()
            self.catalog.typed.update(number for (number,) in typed)
            self._marks.load(connection)
            load_latest(connection, self.catalog)

    def write(self, block: Block) -> None:
        faults = check.faults(block)
        wanted = None
        if faults:
            wanted = np.ones(len(block), np.bool_)
            wanted[list(faults)] = False
        with self._file.turn():
            rows = self.samples.prepare(block, wanted)
            with self._file.writing() as connection:
                self.samples.insert(connection, rows)
            self.samples.settle(rows)
        if faults:
            raise errors.Rejected(faults)

    def range(self, selector: Selector, start: int, end: int, *, limit: int = 100_000) -> list[Points]:
        return self._reading.range(selector, start, end, limit=limit)

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        return self._reading.aggregate(selector, start, end, step=step, statistic=statistic)

    def last(self, selector: Selector) -> list[Last]:
        return self.catalog.last(selector, self._marks.floors)

    def roll_up(self, now: int) -> int:
        rows = self._roll_ups.run(now)
        self._compaction.run(now)
        return rows

    def retain(self, policies: Sequence[Policy], now: int) -> Report:
        self._roll_ups.run(now)
        return Report(kept=self._retention.run(policies, now))

    def close(self) -> None:
        self._file.close()

    # Last, because it hides the built-in within the class.
    def list(self, selector: Selector, *, after: Series | None = None, limit: int = 1_000) -> list[Series]:
        return self.catalog.page(selector, after, limit)
