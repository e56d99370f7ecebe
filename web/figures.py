"""Numbers, ages and times as people read them, in their language; local time is Asia/Jakarta."""

from __future__ import annotations

import math
from typing import Final

from babel.dates import format_datetime, get_timezone
from babel.numbers import format_decimal
from babel.units import format_unit

from contracts import instants
from contracts.errors import shown
from web.language import Language

_ZONE: Final = get_timezone("Asia/Jakarta")
_STEPS: Final = (
    (instants.DAY, "duration-day"),
    (instants.HOUR, "duration-hour"),
    (instants.MINUTE, "duration-minute"),
    (instants.SECOND, "duration-second"),
)
_BYTES: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_UNITS: Final = {
    "count": "",
    "Cel": "°C",
    "%RH": "%",
    "%EL": "%",
}  # SenML's names that are not what people write
_LARGE: Final = 1_000  # from here on a measured value reads best without decimals


def number(value: float, language: Language, digits: int | None = None) -> str:
    """Number with the language's separators, at most `digits` decimals (by default 2, none from 1,000 on)."""
    if digits is None:
        digits = 0 if abs(value) >= _LARGE else 2
    return format_decimal(round(value, digits), format=f"#,##0.{'#' * digits}", locale=language.value)


def duration(micros: int, language: Language) -> str:
    """Length of time in its largest unit: `3 mnt`; the browser goes on with the same (static/live.js)."""
    micros = max(0, micros)
    for size, unit in _STEPS:
        if micros >= size:
            return format_unit(micros // size, unit, length="short", locale=language.value)
    return format_unit(0, "duration-second", length="short", locale=language.value)


def moment(micros: int, language: Language) -> str:
    """Instant as local time: `24 Nov 2026 22.25.47 WIB`."""
    text = format_datetime(
        instants.to_datetime(micros), "d MMM y HH:mm:ss", tzinfo=_ZONE, locale=language.value
    )
    return f"{text} WIB"


def day(micros: int, language: Language) -> str:
    """Day of an instant in local time: `24 Nov 2026`."""
    return format_datetime(instants.to_datetime(micros), "d MMM y", tzinfo=_ZONE, locale=language.value)


def rupiah(amount: int, language: Language) -> str:
    """Whole rupiah: `Rp1.250.000`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{number(abs(amount), language, 0)}"


def measure(value: object, unit: str, language: Language) -> str:
    """A value with its SenML unit as people write it: ratios as percent, bytes in their largest unit."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shown(value)
    if not math.isfinite(value):
        return "–"
    if unit == "/":
        return f"{number(value * 100, language, 1)} %"
    if unit == "B":
        power = min(len(_BYTES) - 1, max(0, int(math.log(abs(value), 1000)) if value else 0))
        return f"{number(value / 1000**power, language, 1)} {_BYTES[power]}"
    return f"{number(value, language)} {_UNITS.get(unit, unit)}".strip()
