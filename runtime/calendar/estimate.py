"""A year that no decree has set yet, by the library `holidays`: good for planning, marked as an estimate."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.metadata import version

from runtime.calendar.years import Ramadan, Year

_FASTING = timedelta(days=30)  # the longest it lasts: hours that turn out too short by a day harm least


def year(number: int) -> Year | None:
    """The estimate, or None where the library is not installed: edge devices come without it."""
    try:
        import holidays
    except ImportError:
        return None
    source = f"estimated with holidays {version('holidays')}"
    # Feasts come eleven days earlier each year: two may fall into one, and a month may begin the year before.
    national = _days(holidays, number, holidays.PUBLIC)
    feasts = [*_feasts(national), *_feasts(_days(holidays, number + 1, holidays.PUBLIC))]
    months = [
        Ramadan(first=feast - _FASTING, last=feast - timedelta(days=1), source=source, expected=True)
        for feast in feasts
    ]
    return Year(
        year=number,
        source=source,
        national=national,
        joint=_days(holidays, number, holidays.GOVERNMENT),
        ramadan=tuple(month for month in months if number in (month.first.year, month.last.year)),
        expected=True,
    )


def _days(holidays: object, number: int, category: str) -> dict[date, str]:
    found = holidays.country_holidays(  # type: ignore[attr-defined]  # imported only where it is needed
        "ID", years=number, categories=(category,), language="id"
    )
    return dict(sorted(found.items()))


def _feasts(days: dict[date, str]) -> list[date]:
    """First days of Idul Fitri."""
    return [day for day, name in days.items() if "Idul Fitri" in name and "kedua" not in name]
