"""Rows of a CSV or Parquet file, in order of time."""

from __future__ import annotations

import collections
import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts import instants
from contracts.errors import Refused
from edge.replay.settings import Settings

Row = tuple[int, Mapping[str, Any]]  # µs UTC, and the row's columns
_FACTORS: Final = {"us": 1, "ms": 1_000, "s": instants.SECOND}
_CHUNK: Final = 4_096  # rows of Parquet in memory at a time


def read(settings: Settings) -> Iterator[Row]:
    """All rows. Raises contracts.errors.Refused for a file, column or time that cannot be used."""
    names = [settings.time, *(column.column for column in settings.columns)]
    names += [name for column in settings.columns for name in column.where]
    wanted = list(dict.fromkeys(names))
    last = None
    try:
        for number, row in enumerate(_open(settings, wanted), start=1):
            time = _time(row[settings.time], settings, number)
            if last is not None and time < last:
                raise Refused(f"row {number}", row[settings.time], "rows must stand in order of time")
            last = time
            yield time, row
    except OSError as error:
        raise Refused("replay.file", str(settings.file), error.strerror or str(error)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused("replay.file", str(settings.file), f"is no CSV in UTF-8: {error}") from None


def newest(settings: Settings) -> int:
    """Time of the last row, µs UTC. Raises Refused, also for a file without rows."""
    last = collections.deque(read(settings), maxlen=1)
    if not last:
        raise Refused("replay.file", str(settings.file), "holds no rows")
    return last[0][0]


def _open(settings: Settings, wanted: list[str]) -> Iterator[Mapping[str, Any]]:
    name = settings.file.name
    if name.endswith(".parquet"):
        yield from _parquet(settings, wanted)
    elif name.endswith((".csv", ".csv.gz")):
        opener = gzip.open if name.endswith(".gz") else open
        with opener(settings.file, "rt", encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            _check(wanted, reader.fieldnames or ())
            yield from reader
    else:
        raise Refused("replay.file", name, "must end with .csv, .csv.gz or .parquet")


def _parquet(settings: Settings, wanted: list[str]) -> Iterator[Mapping[str, Any]]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError:
        raise Refused(
            "replay.file", settings.file.name, "Parquet needs pyarrow: install imm-edge[replay]"
        ) from None
    try:
        with parquet.ParquetFile(settings.file) as file:
            _check(wanted, file.schema_arrow.names)
            for batch in file.iter_batches(_CHUNK, columns=wanted):
                yield from batch.to_pylist()
    except ArrowInvalid as error:
        raise Refused("replay.file", settings.file.name, f"is no Parquet file: {error}") from None


def _check(wanted: list[str], there: Any) -> None:
    for name in wanted:
        if name not in there:
            raise Refused("replay.columns", name, f"no such column; the file has {', '.join(there)}")


def _time(value: Any, settings: Settings, number: int) -> int:
    try:
        if isinstance(value, datetime):
            return _zoned(value, settings)
        if settings.unit == "text":
            return _zoned(datetime.fromisoformat(value), settings)
        if isinstance(value, int) or str(value).isdigit():
            return int(value) * _FACTORS[settings.unit]
        return round(float(value) * _FACTORS[settings.unit])
    except (TypeError, ValueError, OverflowError):
        raise Refused(f"row {number}", value, f"is no time in {settings.unit}") from None


def _zoned(moment: datetime, settings: Settings) -> int:
    return instants.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.zone)))
