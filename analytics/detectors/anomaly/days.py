"""What kind of day an instant lies on, as far as a baseline cares: working or free, in Ramadan or not."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

from contracts.instants import DAY, HOUR
from runtime.calendar import NoTable, Table

KINDS: Final = 4  # working, free, working in Ramadan, free in Ramadan
_JAKARTA: Final = 7 * HOUR  # Asia/Jakarta is UTC+7 the whole year, since 1964
_EPOCH: Final = date(1970, 1, 1).toordinal()
_SATURDAY: Final = 5
_table: Final = Table()


def kind(time: int) -> int:
    """0–3 for an instant (µs UTC), by the day in Jakarta."""
    return _of((time + _JAKARTA) // DAY)


@lru_cache(maxsize=4_000)
def _of(number: int) -> int:
    """Kind of the day of this number since 1970; without a table, weekends are all that is known."""
    day = date.fromordinal(_EPOCH + number)
    free = day.weekday() >= _SATURDAY
    try:
        year = _table.year(day.year)
    except NoTable:
        return int(free)
    free = (free or day in year.national or day in year.joint) and day not in year.work
    fasting = any(month.first <= day <= month.last for month in year.ramadan)
    return int(free) + 2 * int(fasting)
