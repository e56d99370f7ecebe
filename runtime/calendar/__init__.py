"""Working days and hours of the city, and the clock that never rests; both count the same way."""

from runtime.calendar.always import Always
from runtime.calendar.calendars import Calendar, Calendars
from runtime.calendar.settings import Settings, Week
from runtime.calendar.table import Table
from runtime.calendar.working import Working
from runtime.calendar.years import NoTable, Ramadan, Year

__all__ = [
    "Always",
    "Calendar",
    "Calendars",
    "NoTable",
    "Ramadan",
    "Settings",
    "Table",
    "Week",
    "Working",
    "Year",
]
