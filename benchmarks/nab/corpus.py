"""Series and windows, as the benchmark's folders hold them; the data is not part of this project."""

from __future__ import annotations

from pathlib import Path

import msgspec

from analytics.detectors.anomaly.table import read
from benchmarks.nab.scoring import Window


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled series."""

    name: str  # category/file.csv
    times: list[int]  # µs; in the file's order
    values: list[float]
    windows: list[Window]

    @property
    def category(self) -> str:
        return self.name.split("/")[0]


def load(folder: Path) -> list[Series]:
    """Series of `data/`, windows of `labels/combined_windows.json`. Raises BadRow, OSError, ValueError."""
    labels = (folder / "labels" / "combined_windows.json").read_bytes()
    windows = msgspec.json.decode(labels, type=dict[str, list[tuple[str, str]]])
    return [_series(folder, name, windows[name]) for name in sorted(windows)]


def _series(folder: Path, name: str, labelled: list[tuple[str, str]]) -> Series:
    with (folder / "data" / name).open(encoding="utf-8", newline="") as lines:
        rows = list(read(lines))
    stamps = [row.stamp for row in rows]
    found = [(stamps.index(_stamp(first)), stamps.index(_stamp(last))) for first, last in labelled]
    return Series(
        name=name, times=[row.time for row in rows], values=[row.value for row in rows], windows=found
    )


def _stamp(labelled: str) -> str:
    """Labels carry a fraction of the second, the series none."""
    return labelled.split(".", maxsplit=1)[0]
