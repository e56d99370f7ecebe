"""What one year brings: national holidays, joint leave, the month of Ramadan, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec


class NoTable(LookupError):
    """There is no table of this year, and no library here that could estimate one."""

    def __init__(self, year: int) -> None:
        self.year = year
        self.cure = "add the year to the file that calendar.days names"
        super().__init__(f"no table of holidays for {year}: {self.cure}")


class Ramadan(msgspec.Struct, frozen=True, kw_only=True):
    """A month of fasting, in which offices keep other hours."""

    first: date
    last: date
    source: str
    expected: bool = False  # whether it is computed and not yet announced


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """Days of one year on which offices are closed."""

    year: int
    source: str  # decree, or what the days were estimated with
    national: Mapping[date, str]  # day → its name, as the decree writes it
    joint: Mapping[date, str]  # *cuti bersama*
    ramadan: tuple[Ramadan, ...] = ()  # two where one begins in January and one in December
    work: frozenset[date] = frozenset()  # worked all the same, by a local rule
    expected: bool = False  # whether it is an estimate
