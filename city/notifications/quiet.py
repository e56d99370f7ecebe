"""Quiet hours: when a message waits for the morning."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contracts import instants
from contracts.errors import Refused

_FORM: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


def check(hours: str) -> str:
    """`21:00-06:00`, or empty for none. Raises Refused."""
    if hours and (not _FORM.fullmatch(hours) or hours[:5] == hours[6:]):
        raise Refused("quiet", hours, "are no hours such as 21:00-06:00")
    return hours


def until(now: int, hours: str, zone: ZoneInfo) -> int:
    """When a message may go: now, or at the end of the quiet hours in which now lies. µs UTC."""
    if not hours:
        return now
    begin, end = time.fromisoformat(hours[:5]), time.fromisoformat(hours[6:])
    here = instants.to_datetime(now).astimezone(zone)
    at = here.time()
    quiet = begin <= at < end if begin < end else (at >= begin or at < end)
    if not quiet:
        return now
    day = here.date() + timedelta(days=1 if at >= end else 0)
    return instants.from_datetime(datetime.combine(day, end, zone))
