"""Score one file of samples, row by row, by a detector that has seen nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from analytics.detectors.anomaly.ensemble import THRESHOLD, fresh
from analytics.detectors.anomaly.table import BadRow, Row, read

HEADER: Final = "timestamp,anomaly_score\n"
_SHARE: Final = 0.15  # of the rows are a warm-up where nothing else is said …
_MOST: Final = 750  # … at most so many


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    file: str
    rows: int = 0
    warmup: int = 0  # rows that were learnt from and not scored
    anomalies: int = 0
    backwards: int = 0  # rows whose stamp is not later than the one before; their order in the file was kept
    problem: str = ""  # why nothing was written


def score(source: Path, target: Path, warmup: int | None) -> Done:
    """Write the scores of a file, whole or not at all. `warmup`: rows written as 0, by default a share.

    A file that cannot be read or written is told in `problem`.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        rows = sum(1 for _ in _rows(source))
        skipped = min(math.floor(_SHARE * rows), _MOST) if warmup is None else min(warmup, rows)
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="") as out:
            anomalies, backwards = _write(out.write, source, skipped)
        draft.replace(target)
    except BadRow as error:
        return Done(file=str(source), problem=str(error))
    except OSError as error:
        return Done(file=str(source), problem=f"{error.filename or target}: {error.strerror or error}")
    finally:
        draft.unlink(missing_ok=True)
    return Done(file=str(source), rows=rows, warmup=skipped, anomalies=anomalies, backwards=backwards)


def _rows(source: Path) -> Iterator[Row]:
    with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        yield from read(lines)


def _write(write: Callable[[str], object], source: Path, skipped: int) -> tuple[int, int]:
    """Anomalies said, rows that go back in time."""
    detector = fresh(calendar=False)
    anomalies = backwards = 0
    last: int | None = None
    write(HEADER)
    for number, row in enumerate(_rows(source)):
        found = detector.score(row.time, row.value)
        told = 0.0 if number < skipped else found  # the detector never learns which
        anomalies += told >= THRESHOLD
        backwards += last is not None and row.time <= last
        last = row.time
        write(f"{row.stamp},{told!r}\n")
    return anomalies, backwards
