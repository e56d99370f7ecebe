"""The InfluxDB engine behind the port."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.series import Block, Buckets, Last, Points, Selector, Series, Statistic
from runtime.clock import Clock
from store import check, errors
from store.influx import ql
from store.influx.http import Server
from store.influx.lines import Lines, Writer, parse
from store.influx.marks import Marks
from store.influx.reading import Reading, rank
from store.influx.retention import Retention
from store.influx.rollups import RollUps
from store.port import Policy, Report

_LANES: Final = 2  # requests on their way at once: the server takes each with one core
_FEW: Final = 1_000  # rows that one request carries as fast
_REFRESH: Final = 60.0  # seconds after which one looks whether other workers wrote new kinds of values


class Engine:
    """Samples in one bucket; several processes may write it."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._writer = Writer()
        self._marks = Marks(server)
        self._reading = Reading(server, self._marks, self._writer)
        self._roll_ups = RollUps(server, self._reading, self._marks, self._writer)
        self._retention = Retention(server, self._marks, self._writer)
        self._pool = ThreadPoolExecutor(_LANES, thread_name_prefix="influx")
        self._looked = 0.0
        self._lock = threading.Lock()
        self._learn_kinds()

    def _learn_kinds(self) -> None:
        (tables,) = self._server.query("SHOW FIELD KEYS")
        self._writer.typed.update(
            table.name for table in tables if any(row[0] == "k" for row in table.values)
        )
        self._looked = self._clock.monotonic()

    def write(self, block: Block) -> None:
        faults = check.faults(block)
        wanted = (
            np.array([row for row in range(len(block)) if row not in faults], np.int64) if faults else None
        )
        try:
            self.write_rows(block, wanted)
        except errors.Rejected as error:
            raise errors.Rejected({**faults, **error.rows}) from None
        if faults:
            raise errors.Rejected(faults)

    def write_rows(self, block: Block, wanted: npt.NDArray[np.int64] | None) -> None:
        """Write some rows of a block that was checked. Raises Rejected after storing all others."""
        rows = np.arange(len(block)) if wanted is None else wanted
        if not len(rows):
            return
        try:
            refused = self._write(block, rows)
        except errors.Failure:
            self._marks.forget()
            raise
        if refused:
            raise errors.Rejected(refused)

    def _write(self, block: Block, rows: npt.NDArray[np.int64]) -> dict[int, str]:
        """Store rows; return those that are refused, and why. What is late is marked before it is there."""
        with self._lock:
            if self._clock.monotonic() - self._looked > _REFRESH:
                self._learn_kinds()
            marks = self._marks.lines(block, self._clock.now())
            sent = [(part, self._writer.lines(block, part)) for part in self._lanes(block, rows)]
        self._server.write(Lines.of(marks))
        refused: dict[int, str] = {}
        writing = [self._pool.submit(self._server.write, lines) for _, lines in sent]
        wait(writing)
        for (part, _), written in zip(sent, writing, strict=True):
            refused |= {int(part[i]): why for i, why in written.result().items()}
        return refused

    def _lanes(self, block: Block, rows: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """Rows to be sent side by side. A series keeps to one lane, so its last value still wins."""
        if len(rows) < _FEW:
            return [rows]
        lane = np.frombuffer(block.index, np.int32)[rows] % _LANES
        return [part for number in range(_LANES) if len(part := rows[lane == number])]

    def range(self, selector: Selector, start: int, end: int, *, limit: int = 100_000) -> list[Points]:
        return self._reading.range(selector, start, end, limit=limit)

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        return self._reading.aggregate(selector, start, end, step=step, statistic=statistic)

    def last(self, selector: Selector) -> list[Last]:
        return self._reading.last(selector)

    def roll_up(self, now: int) -> int:
        return self._roll_ups.run(now)

    def retain(self, policies: Sequence[Policy], now: int) -> Report:
        self._roll_ups.run(now)
        return Report(kept=self._retention.run(policies, now))

    def close(self) -> None:
        self._pool.shutdown()
        self._server.close()

    # Last, because it hides the built-in within the class.
    def list(self, selector: Selector, *, after: Series | None = None, limit: int = 1_000) -> list[Series]:
        where = ql.tags(selector).removeprefix(" AND ")
        (tables,) = self._server.query(
            f"SHOW SERIES FROM {ql.source(selector.metrics)}{f' WHERE {where}' if where else ''}"
        )
        found = sorted((parse(row[0]) for table in tables for row in table.values), key=rank)
        start = bisect_right(found, rank(after), key=rank) if after else 0
        return found[start : start + limit]
