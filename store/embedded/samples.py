"""Writing samples: rows that cannot meet an older one are appended; only the others are looked up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.instants import DAY, HOUR
from contracts.series import Block, Data, Other, Series
from store.embedded.catalog import Catalog, Floats, Ids, Ints
from store.embedded.file import Connection
from store.embedded.marks import Marks

Mask = npt.NDArray[np.bool_]
_AHEAD: Final = 2 * HOUR  # how far behind a late row one looks for the next sample


class Rows:
    """Part of a block on its way into the file: in order of (series, time), each pair once."""

    __slots__ = ("check", "ids", "new", "numbers", "others", "times")

    def __init__(
        self, ids: Ids, times: Ints, numbers: Floats, others: dict[int, Other], new: list[Series]
    ) -> None:
        self.ids = ids
        self.times = times
        self.numbers = numbers  # NaN where the value is in `others`
        self.others = others  # by position
        self.new = new  # series that the file does not have yet
        self.check: Ids = np.empty(0, np.int32)  # positions that may meet an older sample

    def __len__(self) -> int:
        return len(self.ids)

    def keep(self, mask: Mask) -> None:
        """Leave the others out."""
        if self.others:
            moved = np.cumsum(mask) - 1
            self.others = {int(moved[row]): value for row, value in self.others.items() if mask[row]}
        self.ids, self.times, self.numbers = self.ids[mask], self.times[mask], self.numbers[mask]


class Samples:
    """Use in the file's turn: prepare, insert within a transaction, settle once it is durable."""

    def __init__(self, catalog: Catalog, marks: Marks) -> None:
        self._catalog = catalog
        self._marks = marks

    def prepare(self, block: Block, wanted: Mask | None = None) -> Rows:
        """Order the block's rows; of one series and time the last stays."""
        index = np.frombuffer(block.index, np.int32)
        times = np.frombuffer(block.times, np.int64)
        rows: Ints = np.arange(len(block)) if wanted is None else np.flatnonzero(wanted)
        if wanted is None:
            numbers, new = self._catalog.places(block.series)
        else:  # a series of which nothing is stored is not known either
            used = np.unique(index[rows])
            numbers = np.zeros(len(block.series), np.int32)
            numbers[used], new = self._catalog.places([block.series[place] for place in used.tolist()])
        ids, times = numbers[index[rows]], times[rows]
        order = np.argsort(ids, kind="stable")
        if _unordered(ids[order], times[order]):
            order = np.lexsort((times, ids))
            ids_, times_ = ids[order], times[order]
            order = order[np.append((ids_[1:] != ids_[:-1]) | (times_[1:] != times_[:-1]), True)]
        rows = rows[order]
        others: dict[int, Other] = {}
        if block.others:
            others = {
                position: block.others[row]
                for position, row in enumerate(rows.tolist())
                if row in block.others
            }
        values = np.frombuffer(block.numbers, np.float64)[rows]
        prepared = Rows(ids[order], times[order], values, others, new)
        self._classify(prepared)
        return prepared

    def _classify(self, rows: Rows) -> None:
        late = rows.times <= self._catalog.newest[rows.ids]
        if late.any():
            empty = (rows.times > self._catalog.low[rows.ids]) & (rows.times < self._catalog.high[rows.ids])
            rows.check = np.flatnonzero(late & ~empty).astype(np.int32)

    def insert(self, connection: Connection, rows: Rows) -> None:
        """Write what is new or different, and mark the hours that changed."""
        if rows.new:
            _insert_series(connection, rows.new, len(self._catalog.series))
        if len(rows.check):
            self._replace(connection, rows)
        if not len(rows):
            return
        if rows.others:
            _insert_others(connection, rows)
            number = ~np.isnan(rows.numbers)
            columns: dict[str, Any] = {
                "s": rows.ids[number],
                "t": rows.times[number],
                "v": rows.numbers[number],
            }
        else:
            columns = {"s": rows.ids, "t": rows.times, "v": rows.numbers}
        if len(columns["s"]):
            append(connection, "samples", columns)
        self._marks.insert(connection, rows.ids, rows.times)

    def settle(self, rows: Rows) -> None:
        """Remember what is durable now."""
        if rows.new:
            self._catalog.adopt(rows.new)
        if not len(rows):
            return
        catalog, ids, times = self._catalog, rows.ids, rows.times
        inside = (times > catalog.low[ids]) & (times < catalog.high[ids])
        if inside.any():
            np.maximum.at(catalog.low, ids[inside], times[inside])
        last = np.append(ids[1:] != ids[:-1], True)
        others: dict[int, Other] = {}
        if rows.others:
            catalog.typed.update(ids[list(rows.others)].tolist())
            others = {int(ids[row]): value for row, value in rows.others.items() if last[row]}
        catalog.renew(ids[last], times[last], rows.numbers[last], others)
        self._marks.settle()

    def _replace(self, connection: Connection, rows: Rows) -> None:
        """Drop identical repeats, delete what is overwritten, learn where the late series are empty."""
        keep = np.ones(len(rows), np.bool_)
        for part in _days(rows.times, rows.check):
            ids, times = rows.ids[part], rows.times[part]
            span = [int(times[0]), int(times[-1])]
            late: dict[str, Ints | Ids] = {"i": np.arange(len(part)), "s": ids, "t": times}
            same, differs = self._compare(connection, rows, part, late, span)
            keep[part[same]] = False
            if len(differs):
                old = {"s": ids[differs], "t": times[differs]}
                connection.register("old", old)
                for table in ("samples", "others"):
                    connection.execute(
                        f"DELETE FROM {table} USING old WHERE {table}.series = old.s AND {table}.ts = old.t "
                        f"AND {table}.ts BETWEEN ? AND ?",
                        span,
                    )
                connection.unregister("old")
            self._learn(connection, ids, times)
        if not keep.all():
            rows.keep(keep)

    def _compare(
        self, connection: Connection, rows: Rows, part: Ids, late: dict[str, Ints | Ids], span: list[int]
    ) -> tuple[Ints, Ints]:
        """Indices into part of rows that the file has with the same value, and with another."""
        connection.register("late", late)
        numbers = connection.execute(
            "SELECT i, number FROM samples JOIN late ON series = s AND ts = t WHERE ts BETWEEN ? AND ?", span
        ).fetchnumpy()
        others = connection.execute(
            "SELECT i, text, flag, data FROM others JOIN late ON series = s AND ts = t "
            "WHERE ts BETWEEN ? AND ?",
            span,
        ).fetchall()
        connection.unregister("late")
        found = np.asarray(numbers["i"])
        equal = (
            np.asarray(numbers["number"]) == rows.numbers[part[found]]
        )  # NaN, another kind of value, never is
        same, differs = found[equal].tolist(), found[~equal].tolist()
        for i, text, flag, data in others:
            is_same = rows.others.get(int(part[i])) == other(text, flag, data)
            (same if is_same else differs).append(i)
        return np.array(same, np.int64), np.array(differs, np.int64)

    def _learn(self, connection: Connection, ids: Ids, times: Ints) -> None:
        """Look up how far each late series is empty after its last late row."""
        order = np.lexsort((times, ids))
        ids, times = ids[order], times[order]
        last = np.append(ids[1:] != ids[:-1], True)
        ids, times = ids[last], times[last]
        ends = times - times % HOUR + _AHEAD
        late = {"i": np.arange(len(ids)), "s": ids, "t": times, "e": ends}
        connection.register("late", late)
        found = connection.execute(
            """SELECT i, min(ts) AS ts FROM (
                 SELECT i, ts FROM samples JOIN late ON series = s AND ts > t AND ts < e
                 WHERE ts > $a AND ts < $e
                 UNION ALL
                 SELECT i, ts FROM others JOIN late ON series = s AND ts > t AND ts < e
                 WHERE ts > $a AND ts < $e
               ) GROUP BY i""",
            {"a": int(times.min()), "e": int(ends.max())},
        ).fetchnumpy()
        connection.unregister("late")
        ends[np.asarray(found["i"])] = np.asarray(found["ts"])
        # Safe before the commit: the rows written with it lie at or before `low`, or in no other hole's way.
        self._catalog.low[ids], self._catalog.high[ids] = times, ends


def append(connection: Connection, table: str, columns: dict[str, Any]) -> None:  # noqa: ARG001 - see below
    """Append columns, in the table's order; numpy arrays are read without a copy."""
    # DuckDB finds the argument by its name: a registered view takes twice the CPU time of a small write.
    connection.execute(f"INSERT INTO {table} SELECT * FROM columns")


def other(text: str | None, flag: bool | None, data: bytes | None) -> Other:  # noqa: FBT001 - a column
    """The one of three columns that is filled."""
    if data is not None:
        return Data(bytes(data))
    return flag if flag is not None else text or ""


def columns_of(values: list[Other]) -> dict[str, list[Any]]:
    """Values that are no numbers → one list a column."""
    return {
        "x": [value if isinstance(value, str) else None for value in values],
        "f": [value if isinstance(value, bool) else None for value in values],
        "d": [value.raw if isinstance(value, Data) else None for value in values],
    }


def _insert_others(connection: Connection, rows: Rows) -> None:
    positions = list(rows.others)
    connection.execute(
        """INSERT INTO others SELECT unnest($s::INTEGER[]), unnest($t::BIGINT[]), unnest($x::VARCHAR[]),
             unnest($f::BOOLEAN[]), unnest($d::BLOB[])""",
        {
            "s": rows.ids[positions].tolist(),
            "t": rows.times[positions].tolist(),
            **columns_of(list(rows.others.values())),
        },
    )


def _insert_series(connection: Connection, new: list[Series], first: int) -> None:
    names = ("site", "kind", "device", "metric", "instance", "unit")
    unnested = ", ".join(f"unnest(${name}::VARCHAR[])" for name in names)
    connection.execute(
        f"INSERT INTO series SELECT unnest($id::INTEGER[]), {unnested}",
        {
            "id": list(range(first, first + len(new))),
            **{name: [str(getattr(one, name)) for one in new] for name in names},
        },
    )


def _unordered(ids: Ids, times: Ints) -> bool:
    return bool(np.any((ids[1:] == ids[:-1]) & (times[1:] <= times[:-1])))


def _days(times: Ints, positions: Ids) -> Iterator[Ids]:
    """Positions in order of time, a day at a time: late data of a month must not scan the month at once."""
    ordered = positions[np.argsort(times[positions], kind="stable")]
    days = times[ordered] // DAY
    yield from np.split(ordered, np.flatnonzero(days[1:] != days[:-1]) + 1)
