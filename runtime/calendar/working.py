"""Working time: passes only while offices are open."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts import instants
from contracts.instants import DAY
from runtime.calendar.settings import Settings, Spans, spans
from runtime.calendar.table import Table
from runtime.settings import Wrong

_FAR: Final = 366 * 20  # days walked for one answer: a deadline beyond is a mistake
_KEPT: Final = 4_000  # days whose hours are remembered
_ONE: Final = timedelta(days=1)


class TooFar(ValueError):
    """The answer lies more than twenty years away: the span is a mistake."""


class Working:
    """Calendar of offices; with `by_day` each working day is worth 24 h of its time, however long it is open.

    `after` and `between` agree: between(s, after(s, n)) is n, and by days at most a few µs more.
    """

    def __init__(self, settings: Settings, table: Table, *, by_day: bool = False) -> None:
        """Raises Wrong."""
        self.name = "days" if by_day else "hours"
        self._by_day = by_day
        self._joint = settings.joint_leave
        self._table = table
        self._week = spans("calendar.hours", settings.hours)
        self._ramadan = spans("calendar.ramadan", settings.ramadan)
        try:
            self.zone = ZoneInfo(settings.zone)
        except (ZoneInfoNotFoundError, ValueError):
            cure = "give a name such as Asia/Jakarta"
            raise Wrong("calendar.zone", settings.zone, "is no time zone", cure) from None
        self.spans = lru_cache(_KEPT)(self._spans)

    def day(self, instant: int) -> date:
        """Local date of an instant."""
        return instants.to_datetime(instant).astimezone(self.zone).date()

    def closed(self, day: date) -> str:
        """Why offices are closed on this day, empty where they are open. Raises NoTable."""
        year = self._table.year(day.year)
        if day in year.work:
            return ""
        if day in year.national:
            return year.national[day]
        if self._joint and day in year.joint:
            return year.joint[day]
        return "" if self._hours(day) else "weekend"

    def is_working(self, day: date) -> bool:
        """Whether offices are open on this day. Raises NoTable."""
        return bool(self.spans(day))

    def shift(self, day: date, days: int) -> date:
        """The nth working day after a day, or before it where negative; the day itself for 0."""
        step = _ONE if days > 0 else -_ONE
        left = abs(days)
        for _ in range(_FAR):
            if not left:
                return day
            day += step
            left -= self.is_working(day)
        raise TooFar(f"{days} working days")

    def count(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative where `last` lies before."""
        if last < first:
            return -self.count(last, first)
        return sum(self.is_working(first + _ONE * number) for number in range(1, (last - first).days + 1))

    def closing(self, start: int, days: int) -> int:
        """When offices close on the nth working day after the start's own day: a deadline in working days."""
        if days < 1:
            raise ValueError("a deadline lies one working day ahead, or more")
        return self.spans(self.shift(self.day(start), days))[-1][1]

    def between(self, start: int, end: int) -> int:
        """Working time (µs) from start to end; negative where the end lies before the start."""
        if end < start:
            return -self.between(end, start)
        day, last = self.day(start), self.day(end)
        passed = -self._value(day, start)
        while day < last:
            passed += self._worth(day)
            day += _ONE
        return passed + self._value(last, end)

    def after(self, start: int, span: int) -> int:
        """Earliest instant by which `span` µs have passed; negative: the latest that leaves so many.

        Raises TooFar.
        """
        if span == 0:
            return start
        day = self.day(start)
        wanted = self._value(day, start) + span  # of the day's worth
        for _ in range(_FAR):
            worth = self._worth(day)
            if span > 0:
                if wanted <= worth:
                    return self._earliest(day, wanted)
                wanted -= worth
                day += _ONE
            else:
                if wanted >= 0:
                    return self._latest(day, wanted)
                day -= _ONE
                wanted += self._worth(day)
        raise TooFar(f"{span} µs of working time")

    def _worth(self, day: date) -> int:
        """What a whole day is worth."""
        return DAY if self._by_day and self.spans(day) else self._open(day)

    def _open(self, day: date) -> int:
        return sum(end - begin for begin, end in self.spans(day))

    def _value(self, day: date, instant: int) -> int:
        """What of the day's worth has passed by an instant."""
        passed = sum(max(0, min(end, instant) - begin) for begin, end in self.spans(day))
        return passed * DAY // self._open(day) if self._by_day and passed else passed

    def _earliest(self, day: date, wanted: int) -> int:
        """First instant of the day by which so much has passed."""
        left = -(-wanted * self._open(day) // DAY) if self._by_day else wanted
        for begin, end in self.spans(day):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("a day's worth is what its hours sum up to")

    def _latest(self, day: date, wanted: int) -> int:
        """Last instant of the day by which no more has passed."""
        left = ((wanted + 1) * self._open(day) - 1) // DAY if self._by_day else wanted
        for begin, end in self.spans(day):
            if left < end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("less than the day's worth was wanted")

    def _hours(self, day: date) -> Spans:
        year = self._table.year(day.year)
        fasting = any(month.first <= day <= month.last for month in year.ramadan)
        week = self._ramadan if fasting else self._week
        # A Saturday that a local rule makes a working day has the hours of a Monday.
        return week[day.weekday()] or (week[0] if day in year.work else ())

    def _spans(self, day: date) -> tuple[tuple[int, int], ...]:
        """Instants between which offices are open on this day."""
        if self.closed(day):
            return ()
        return tuple((self._instant(day, begin), self._instant(day, end)) for begin, end in self._hours(day))

    def _instant(self, day: date, at: time) -> int:
        return instants.from_datetime(datetime.combine(day, at, self.zone))
