"""The calendars that a clock can run by, under the names that are written down with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from runtime.calendar.always import Always
from runtime.calendar.settings import Settings
from runtime.calendar.table import Table
from runtime.calendar.working import Working

NAMES: Final = ("always", "hours", "days")


class Calendar(Protocol):
    """How time passes for a deadline."""

    @property
    def name(self) -> str:
        """Under which it is written down."""
        ...

    def after(self, start: int, span: int) -> int:
        """The earliest instant by which `span` µs have passed; negative: the latest that leaves so many."""
        ...

    def between(self, start: int, end: int) -> int:
        """µs that pass from start to end; negative where the end lies before the start."""
        ...

    def closing(self, start: int, days: int) -> int:
        """End of the given number of days (1, 2, 3 …) after the start."""
        ...


class Calendars(Mapping[str, Calendar]):
    """`always`, every µs; `hours`, while offices are open; `days`, where a working day is worth 24 h.

    A deadline in `days` keeps its days through Ramadan, however short they are.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """Raises Wrong."""
        settings = settings or Settings()
        table = Table(settings.days)
        self.hours = Working(settings, table)
        self.days = Working(settings, table, by_day=True)
        self.always = Always()
        self._all: dict[str, Calendar] = {one.name: one for one in (self.always, self.hours, self.days)}

    def __getitem__(self, name: str) -> Calendar:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
