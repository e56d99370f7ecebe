"""A month of the Bima area as CSV for `imm rules test`: made-up boxes, and real footfall moved in time.

Boxes have days and nights, a hot week, a power cut and a line that was down; nothing of it depends on the
machine or the hour: the same days and seed give the same file.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import click

from contracts.instants import DAY, HOUR, MINUTE, WEEK
from simulator import footfall

END: Final = 1_764_522_000_000_000  # µs UTC: 2025-12-01 00:00 in Jakarta
STEP: Final = MINUTE
LEARNT: Final = 5 * WEEK  # of footfall before the month, for rules that compare with past weeks
_HEAD: Final = ("time", "site", "kind", "device", "metric", "value")
_SITE: Final = "bima"


class Row(NamedTuple):
    """One sample."""

    time: int
    kind: str
    device: str
    metric: str
    value: float | str


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@click.option("--seed", default=1, show_default=True)
def main(out: Path, days: int, seed: int) -> None:
    """Write a month of samples to OUT."""
    with out.open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file)
        written.writerow(_HEAD)
        for row in rows(END - days * DAY, END, Random(seed)):
            written.writerow((row.time, _SITE, *row[1:]))


def rows(start: int, end: int, chance: Random) -> Iterator[Row]:
    """All samples of a span; of footfall also those of the weeks before it."""
    yield from _kiosk("kiosk-01", start, end, chance)
    yield from _wifi("wifi-01", start, end, chance)
    yield from _alarms("kiosk-01", start, end)
    yield from _footfall(start - LEARNT, end)


def _kiosk(device: str, start: int, end: int, chance: Random) -> Iterator[Row]:
    disk = 0.62
    for time in range(start, end, STEP):
        day, hour = (time - start) // DAY, ((time + footfall.JAKARTA) % DAY) / HOUR
        if _cut(day, hour):
            continue
        sun = max(0.0, math.sin((hour - 6) / 12 * math.pi))
        hot = 9.0 if 9 <= day < 12 else 0.0  # a hot week's worst days
        stuck = day == 17 and 10 <= hour < 10.4  # a page that would not stop
        disk = 0.62 if hour == 3 else min(0.93, disk + 0.000_01)
        yield Row(time, "kiosk", device, "temperature", round(48 + 34 * sun + hot + chance.gauss(0, 0.4), 2))
        usage = 0.99 if stuck else min(1.0, 0.12 + 0.3 * sun + abs(chance.gauss(0, 0.05)))
        yield Row(time, "kiosk", device, "cpu.utilization", round(usage, 4))
        memory = 0.97 if stuck and hour > 10.1 else 0.46 + 0.01 * (day % 7) + abs(chance.gauss(0, 0.01))
        yield Row(time, "kiosk", device, "memory.utilization", round(memory, 4))
        yield Row(time, "kiosk", device, "disk.utilization", round(disk, 4))


def _wifi(device: str, start: int, end: int, chance: Random) -> Iterator[Row]:
    for time in range(start, end, STEP):
        day, hour = (time - start) // DAY, ((time + footfall.JAKARTA) % DAY) / HOUR
        if _cut(day, hour):
            continue
        down = day == 21 and 14 <= hour < 14.5  # the provider's line
        crowded = day % 7 == 6 and 19 <= hour < 20
        yield Row(time, "wifi", device, "reachability.up", 0.0 if down else 1.0)
        if not down:
            time_ms = abs(chance.gauss(620 if crowded else 24, 6))
            yield Row(time, "wifi", device, "reachability.time", round(time_ms, 2))


def _alarms(device: str, start: int, end: int) -> Iterator[Row]:
    """A door that somebody forgot, every tenth evening."""
    for day in range(3, (end - start) // DAY, 10):
        opened = start + day * DAY + 18 * HOUR - footfall.JAKARTA % DAY
        for time, active in ((opened, True), (opened + 25 * MINUTE, False)):
            alarm = {"type": "alarm", "id": f"door-{time}", "time": time, "name": "door.opened"}
            text = json.dumps({**alarm, "text": "Pintu terbuka", "active": active})
            yield Row(time, "kiosk", device, "event.alarm", text)


def _footfall(start: int, end: int) -> Iterator[Row]:
    hours = footfall.load()
    shift = -(-(end - max(hours)) // WEEK) * WEEK
    for time, counts in hours.items():
        if start <= time + shift < end:
            for device, count in counts.items():
                yield Row(time + shift, "sensor", device, "people.count", count)


def _cut(day: int, hour: float) -> bool:
    """Whether there is no power: one hour of one night, and a flicker a week."""
    return (day == 13 and 2 <= hour < 3) or (day % 7 == 2 and 4 <= hour < 4 + 5 / 60)


if __name__ == "__main__":
    main()
