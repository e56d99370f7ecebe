"""The embedded store against DuckDB alone, on the same rows in the same run."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt

from contracts.instants import DAY, HOUR, SECOND
from contracts.series import Block, Selector, Series, Statistic
from contracts.topics import Kind
from store import embedded

_SERIES: Final = 100
_WRITE: Final = 100_000  # rows of one write while history is loaded
_LIVE: Final = 10_000  # rows of one write of live data
_END: Final = 1_790_035_200_000_000  # µs UTC, a midnight
_YEAR: Final = 365 * DAY
_READS: Final = 30
_ALL: Final = Selector()
_ONE: Final = Selector(devices=("sensor-7",))
Say = Callable[[str], None]
Figures = dict[str, float]
Piece = dict[str, npt.NDArray[Any]]


def run(
    rows: int = 100_000_000,
    *,
    folder: Path | None = None,
    seed: int = 1,
    memory_mb: int = 512,
    say: Say = lambda _: None,
) -> Figures:
    """Flat figures. `rows` samples of 100 series over a year, the last hour of them at one a second."""
    place = Path(tempfile.mkdtemp(prefix="imm-bench-store-", dir=folder))
    try:
        load = _Load(rows, seed)
        figures = {"rows": float(load.rows), "series": float(_SERIES)}
        figures |= _ours(place / "imm.duckdb", load, memory_mb, say)  # first: the peak of memory is its own
        figures |= _bare(place / "bare.duckdb", load, memory_mb, say)
        figures["write_ratio"] = figures["write_rows_per_s"] / figures["bulk_rows_per_s"]
        figures["last_hour_ratio"] = figures["bare_last_hour_ms_p50"] / figures["last_hour_ms_p50"]
        figures["year_ratio"] = figures["bare_year_ms_p50"] / figures["year_ms_p50"]
        return figures
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Load:
    """The same rows for both, a piece at a time, in order of time."""

    def __init__(self, rows: int, seed: int) -> None:
        dense = min(HOUR // SECOND, rows // _SERIES // 10)
        sparse = rows // _SERIES - dense
        step = (_YEAR - HOUR) // sparse
        self.times = np.concatenate(
            [_END - _YEAR + np.arange(sparse) * step, _END - dense * SECOND + np.arange(dense) * SECOND]
        )
        self.rows = len(self.times) * _SERIES
        self.series = [
            Series(site="bima", kind=Kind.SENSOR, device=f"sensor-{i}", metric="air.temperature", unit="Cel")
            for i in range(_SERIES)
        ]
        self._seed = seed

    def pieces(self, size: int = _WRITE) -> Iterator[Piece]:
        dice = np.random.default_rng(self._seed)
        per = size // _SERIES
        for start in range(0, len(self.times), per):
            times = self.times[start : start + per]
            count = len(times) * _SERIES
            yield {
                "series": np.tile(np.arange(_SERIES, dtype=np.int32), len(times)),
                "ts": np.repeat(times, _SERIES),
                "number": np.round(dice.normal(29, 3, count), 2),
            }

    def block(self, piece: Piece) -> Block:
        """A piece as ingest would hand it over."""
        block = Block()
        for one in self.series:
            block.place(one)
        block.index = array("i", piece["series"].tobytes())
        block.times = array("q", piece["ts"].tobytes())
        block.numbers = array("d", piece["number"].tobytes())
        return block


def _bare(path: Path, load: _Load, memory_mb: int, say: Say) -> Figures:
    """DuckDB as it comes: one transaction, one table, plain queries."""
    say("DuckDB alone: bulk load")
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 2, "memory_limit": f"{memory_mb}MB"}
    with duckdb.connect(str(path), config=config) as connection:
        connection.execute("CREATE TABLE samples (series INTEGER, ts BIGINT, number DOUBLE)")
        spent = 0.0
        connection.begin()
        for piece in load.pieces(10 * _WRITE):
            started = time.perf_counter()
            connection.register("piece", piece)
            connection.execute("INSERT INTO samples SELECT * FROM piece")
            connection.unregister("piece")
            spent += time.perf_counter() - started
        started = time.perf_counter()
        connection.commit()
        connection.execute("CHECKPOINT")
        spent += time.perf_counter() - started
        say("DuckDB alone: queries")
        hour = "SELECT ts, number FROM samples WHERE series = 7 AND ts >= $a AND ts < $b"
        year = (
            "SELECT series, ts - ts % $step AS day, avg(number) FROM samples "
            "WHERE ts >= $a AND ts < $b GROUP BY ALL"
        )
        last = {"a": _END - HOUR, "b": _END}
        whole = {"a": _END - _YEAR, "b": _END, "step": DAY}
        figures = {"bulk_rows_per_s": load.rows / spent}
        figures |= _timed("bare_last_hour", lambda: connection.execute(hour, last).fetchnumpy())
        figures |= _timed("bare_year", lambda: connection.execute(year, whole).fetchnumpy(), 5)
    return figures | {"bare_bytes_per_row": path.stat().st_size / load.rows}


def _ours(path: Path, load: _Load, memory_mb: int, say: Say) -> Figures:
    figures: Figures = {}
    say("store: write")
    file = embedded.File(path, memory_mb=memory_mb, threads=2)
    engine = embedded.Engine(file)
    spent = 0.0
    for piece in load.pieces():
        block = load.block(piece)
        started = time.perf_counter()
        engine.write(block)
        spent += time.perf_counter() - started
    figures["write_rows_per_s"] = load.rows / spent
    say("store: roll up and sort")
    started = time.perf_counter()
    while engine.roll_up(_END + DAY):
        pass
    figures["upkeep_s"] = time.perf_counter() - started
    figures |= _live(engine, load, say)
    engine.roll_up(_END + DAY)
    started = time.perf_counter()
    engine.close()
    figures["close_s"] = time.perf_counter() - started
    figures["bytes_per_row"] = path.stat().st_size / load.rows
    say("store: open and read")
    started = time.perf_counter()
    engine = embedded.Engine(embedded.File(path, memory_mb=memory_mb, threads=2))
    figures["open_s"] = time.perf_counter() - started
    figures |= _timed("last_hour", lambda: engine.range(_ONE, _END - HOUR, _END))
    figures |= _timed("last", lambda: engine.last(_ALL))

    def year(statistic: Statistic) -> object:
        return engine.aggregate(_ALL, _END - _YEAR, _END, step=DAY, statistic=statistic)

    figures |= _timed("year", lambda: year(Statistic.MEAN))
    figures |= _timed("year_p95", lambda: year(Statistic.P95))
    engine.close()
    figures["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _live(engine: embedded.Engine, load: _Load, say: Say) -> Figures:
    """Narrow writes of new data, alone and between batches of a spool that is a month late."""
    say("store: live and late writes")
    dice = np.random.default_rng(2)
    instants = _LIVE // _SERIES

    def piece(first: int) -> Block:
        return load.block(
            {
                "series": np.tile(np.arange(_SERIES, dtype=np.int32), instants),
                "ts": np.repeat(first + np.arange(instants) * SECOND, _SERIES),
                "number": dice.normal(29, 3, _LIVE),
            }
        )

    figures: Figures = {}
    turns = max(5, min(100, load.rows // 100_000))
    now = _END
    for name, late in (("live", False), ("live_beside_late", True)):
        spent = []
        for turn in range(turns):
            if late:
                engine.write(piece(_END - 30 * DAY + 1 + turn * HOUR // 4))
            block = piece(now)
            started = time.perf_counter()
            engine.write(block)
            spent.append((time.perf_counter() - started) * 1_000)
            now += instants * SECOND
        figures |= _spread(f"{name}_10k_ms", spent)
        figures[f"{name}_rows_per_s"] = _LIVE * len(spent) / sum(spent) * 1_000
    return figures


def _timed(name: str, call: Callable[[], object], times: int = _READS) -> Figures:
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        spent.append((time.perf_counter() - started) * 1_000)
    return {f"{name}_ms_first": spent[0], **_spread(f"{name}_ms", spent)}


def _spread(name: str, spent: list[float]) -> Figures:
    return {f"{name}_p50": float(np.median(spent)), f"{name}_p99": float(np.percentile(spent, 99))}
