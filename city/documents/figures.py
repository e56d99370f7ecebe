"""Dates and amounts as a letter writes them, in Indonesian or English; times in Asia/Jakarta."""

from __future__ import annotations

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from contracts import instants

_ZONE: Final = ZoneInfo("Asia/Jakarta")
_LOCALES: Final = {"id": "id_ID", "en": "en_GB"}


def local(time: int) -> date:
    """µs UTC → the day in Cirebon."""
    return instants.to_datetime(time).astimezone(_ZONE).date()


def day(value: date | int, *, language: str = "id") -> str:
    """A day, or the day of an instant (µs UTC): `1 Desember 2026`."""
    return format_date(local(value) if isinstance(value, int) else value, "d MMMM y", _LOCALES[language])


def moment(time: int, *, language: str = "id") -> str:
    """An instant (µs UTC): `1 Desember 2026 pukul 14.05 WIB`."""
    there = instants.to_datetime(time).astimezone(_ZONE)
    pattern = "d MMMM y 'pukul' HH.mm 'WIB'" if language == "id" else "d MMMM y 'at' HH:mm 'WIB (UTC+7)'"
    return format_datetime(there, pattern, locale=_LOCALES[language])


def rupiah(amount: int) -> str:
    """`Rp1.250.000`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{abs(amount):,}".replace(",", ".")
