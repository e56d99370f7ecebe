"""When a rule judges: weekdays, hours, holidays, Ramadan and the times of prayer, in Asia/Jakarta."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from analytics import prayer
from analytics.detectors.hour_of_week import JAKARTA
from analytics.tracks import Mask, Times
from contracts.instants import DAY, MINUTE, SECOND
from contracts.rules import Active, Day, Takes
from runtime.calendar import NoTable, Table, Year

_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_EPOCH: Final = date(1970, 1, 1)
_KEPT: Final = 1_000  # days whose spans are remembered
_MOST_HOURS: Final = 12  # spans of a day
Span = tuple[int, int]  # µs UTC; start ≤ t < end


class Calendar:
    """Spans of a rule's active time, a day at a time. Reads the table of holidays when it is made."""

    def __init__(self, active: Active) -> None:
        self._active = active
        self._table = Table()
        self._hours = [_minutes(text) for text in active.hours] or [(0, 24 * 60)]
        self._spans = lru_cache(_KEPT)(self._day)

    def mask(self, times: Times) -> Mask:
        """Which instants (µs UTC) are active."""
        found = np.zeros(len(times), np.bool_)
        days = (times + JAKARTA) // DAY
        for day in np.unique(days).tolist():
            at = days == day
            moments = times[at]
            inside = np.zeros(len(moments), np.bool_)
            for start, end in (*self._spans(day - 1), *self._spans(day)):  # one may last over midnight
                inside |= (moments >= start) & (moments < end)
            found[at] = inside & ~self._praying(day, moments)
        return found

    def at(self, time: int) -> bool:
        """Whether an instant (µs UTC) is active."""
        return bool(self.mask(np.array([time], np.int64))[0])

    def _day(self, number: int) -> tuple[Span, ...]:
        """Spans that begin on a day, counted from the epoch; without the times of prayer."""
        active, day = self._active, _EPOCH + timedelta(days=number)
        if active.days and list(Day)[day.weekday()] not in active.days:
            return ()
        year = self._year(day.year)
        free = year is not None and (day in year.national or day in year.joint) and day not in year.work
        fasting = year is not None and any(month.first <= day <= month.last for month in year.ramadan)
        for takes, so in ((active.holidays, free), (active.ramadan, fasting)):
            if takes is not None and so != (takes is Takes.ONLY):
                return ()
        begin = number * DAY - JAKARTA
        return tuple((begin + start * MINUTE, begin + end * MINUTE) for start, end in self._hours)

    def _year(self, number: int) -> Year | None:
        try:
            return self._table.year(number)
        except NoTable:  # far from today: no holiday is known, which is no reason to be silent
            return None

    def _praying(self, number: int, moments: Times) -> Mask:
        """Which moments of a day the times of prayer take away."""
        taken = np.zeros(len(moments), np.bool_)
        if self._active.prayers is None:
            return taken
        before, after = round(self._active.before * SECOND), round(self._active.after * SECOND)
        for day in (number - 1, number, number + 1):
            for called in prayer.times(_EPOCH + timedelta(days=day)):
                taken |= (moments >= called - before) & (moments < called + after)
        return ~taken if self._active.prayers is Takes.ONLY else taken


def faults(active: Active) -> Iterable[tuple[str, str]]:
    """Place and reason of what types cannot say."""
    if active == Active():
        yield ".active", "active: say when, or leave it out"
    if len(active.hours) > _MOST_HOURS:
        yield ".active.hours", f"hours: {_MOST_HOURS} spans at most"
    for place, text in enumerate(active.hours):
        if _SPAN.fullmatch(text) is None or _minutes(text)[0] == _minutes(text)[1]:
            yield f".active.hours[{place}]", f"hours: {text[:40]!r} is no span, write it as `07:00-21:30`"
    if not (0 <= active.before <= 7_200 and 0 <= active.after <= 7_200):
        yield ".active.before", "before, after: seconds, 0 to 7200"


def _minutes(text: str) -> tuple[int, int]:
    """Minutes from midnight; the end may lie on the next day."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return 0, 0
    first, second, third, fourth = (int(part) for part in match.groups())
    start, end = first * 60 + second, third * 60 + fourth
    return (start, end) if end >= start else (start, end + 24 * 60)
