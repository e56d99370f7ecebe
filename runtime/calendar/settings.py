"""Settings of the calendar: when offices are open, and which days of their own they keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Final

import msgspec

from runtime.settings import Wrong

_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
Spans = tuple[tuple[time, time], ...]


class Week(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Opening hours of each weekday, breaks taken out: 37 h 30 min a week after Perpres 21/2023."""

    monday: tuple[str, ...] = ("07:30-12:00", "13:00-16:00")
    tuesday: tuple[str, ...] = ("07:30-12:00", "13:00-16:00")
    wednesday: tuple[str, ...] = ("07:30-12:00", "13:00-16:00")
    thursday: tuple[str, ...] = ("07:30-12:00", "13:00-16:00")
    friday: tuple[str, ...] = ("07:30-11:30", "13:00-16:30")
    saturday: tuple[str, ...] = ()
    sunday: tuple[str, ...] = ()


_SHORT: Final = ("08:00-12:00", "12:30-15:00")
# 32 h 30 min a week, from 08:00, breaks of 30 min and on Friday 60 min: Perpres 21/2023, art. 4.
RAMADAN: Final = Week(
    monday=_SHORT, tuesday=_SHORT, wednesday=_SHORT, thursday=_SHORT, friday=("08:00-11:30", "12:30-15:30")
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When offices work. A decree that comes late is a line in the file of `days`, not a new program."""

    zone: str = "Asia/Jakarta"
    hours: Week = Week()
    ramadan: Week = RAMADAN
    joint_leave: bool = True  # whether offices are closed on *cuti bersama* too
    days: Path | None = None  # TOML in the form of our own table: further years, further days, days worked


def spans(setting: str, week: Week) -> tuple[Spans, ...]:
    """Opening hours, Monday first. Raises Wrong."""
    named = msgspec.structs.asdict(week)
    found = tuple(_day(f"{setting}.{name}", hours) for name, hours in named.items())
    if not any(found):
        raise Wrong(setting, "", "no day has hours", "give at least one day its hours")
    return found


def _day(setting: str, hours: Sequence[str]) -> Spans:
    found: list[tuple[time, time]] = []
    for text in hours:
        match = _SPAN.fullmatch(text)
        if match is None:
            raise Wrong(setting, text, "is no span of hours", "write it as `07:30-12:00`")
        first, second, third, fourth = (int(part) for part in match.groups())
        begin, end = time(first, second), time(third, fourth)
        if end <= begin or (found and begin < found[-1][1]):
            raise Wrong(
                setting, text, "ends before it begins, or before the span before it", "put them in order"
            )
        found.append((begin, end))
    return tuple(found)
