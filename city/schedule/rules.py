"""When a repeated clock comes again: by a span, or by local time on some days."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from contracts import instants
from contracts.errors import Refused
from contracts.instants import DAY, SECOND
from runtime.calendar import Calendars

_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_FAR: Final = 366 * 5  # days looked ahead: 29 February comes within, and a rule that never holds is told


class Every(msgspec.Struct, frozen=True, kw_only=True, tag="every", tag_field="rule"):
    """Again and again after a span, counted from when it was first due."""

    span: int  # µs


class At(msgspec.Struct, frozen=True, kw_only=True, tag="at", tag_field="rule"):
    """At local times of the days for which all that is given holds."""

    times: tuple[str, ...]  # `07:30`
    weekdays: tuple[int, ...] = ()  # 0 is Monday; every day where empty
    days: tuple[int, ...] = ()  # of the month; -1 is its last
    working: bool = False  # only on working days


Rule = Every | At


def check(rule: Rule) -> Rule:
    """The rule where it can be kept. Raises Refused."""
    if isinstance(rule, Every):
        if not SECOND <= rule.span <= 366 * DAY:
            raise Refused("every.span", rule.span, "is shorter than a second or longer than a year")
        return rule
    if not rule.times or not all(_TIME.fullmatch(text) for text in rule.times):
        raise Refused("every.times", rule.times, "are not times as `07:30`")
    if not all(0 <= day <= 6 for day in rule.weekdays):
        raise Refused("every.weekdays", rule.weekdays, "are not 0 (Monday) to 6")
    if not all(1 <= abs(day) <= 31 for day in rule.days):
        raise Refused("every.days", rule.days, "are not 1 to 31, or -1 to -31")
    return rule


def following(rule: Rule, *, due: int, now: int, calendars: Calendars) -> int:
    """Next instant after both: what was missed while nobody looked comes once, not once each.

    Raises Refused where the rule never holds.
    """
    if isinstance(rule, Every):
        return due + rule.span * (max(0, now - due) // rule.span + 1)
    after = max(due, now)
    day = calendars.hours.day(after)
    for number in range(_FAR):
        here = day + timedelta(days=number)
        if not _holds(rule, here, calendars):
            continue
        for moment in sorted(_instant(here, text, calendars) for text in rule.times):
            if moment > after:
                return moment
    raise Refused("every", msgspec.to_builtins(rule), "holds on no day of the next five years")


def _holds(rule: At, day: date, calendars: Calendars) -> bool:
    if rule.weekdays and day.weekday() not in rule.weekdays:
        return False
    last = calendar.monthrange(day.year, day.month)[1]
    if rule.days and not {day.day, day.day - last - 1} & set(rule.days):
        return False
    return not rule.working or calendars.hours.is_working(day)


def _instant(day: date, text: str, calendars: Calendars) -> int:
    return instants.from_datetime(datetime.combine(day, time.fromisoformat(text), calendars.hours.zone))
