"""The five times of prayer in Cirebon, by the sun, as Indonesia's Ministry of Religious Affairs reckons them.

Sun by the low-precision formulas of the Astronomical Almanac (0.01 degrees). Dawn is at 20 degrees below the
horizon, night at 18; afternoon where a shadow has grown by its length; two minutes of caution.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import acos, asin, atan, atan2, ceil, cos, degrees, radians, sin, tan
from typing import Final

from contracts.instants import MINUTE, SECOND

NAMES: Final = ("fajr", "dhuhr", "asr", "maghrib", "isha")
LATITUDE: Final = -6.7320  # of Cirebon, degrees
LONGITUDE: Final = 108.5523
_DAWN, _NIGHT, _RISE = 20.0, 18.0, 0.8333  # degrees below the horizon
_CAUTION: Final = 2 * MINUTE  # *ihtiyat*


def times(day: date, *, latitude: float = LATITUDE, longitude: float = LONGITUDE) -> tuple[int, ...]:
    """Instants (µs UTC, whole minutes) of fajr, dhuhr, asr, maghrib and isha of a local day."""
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    noon = 12.0 - longitude / 15.0  # hours UTC of the mean sun
    found: list[int] = []
    for name in NAMES:
        hour = noon
        for _ in range(3):  # the sun moves on in the meantime
            declination, equation = _sun(midnight + hour * 3600.0)
            hour = noon - equation + _angle(name, latitude, declination) / 15.0
        exact = (midnight + hour * 3600.0) * SECOND + _CAUTION
        found.append(ceil(exact / MINUTE) * MINUTE)
    return tuple(found)


def _sun(unix: float) -> tuple[float, float]:
    """Declination (degrees) and equation of time (hours) at an instant (s UTC)."""
    days = unix / 86_400.0 - 10_957.5  # since J2000
    anomaly = radians((357.529 + 0.98560028 * days) % 360)
    mean = (280.459 + 0.98564736 * days) % 360
    ecliptic = radians(mean + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.00000036 * days)
    ascension = degrees(atan2(cos(tilt) * sin(ecliptic), cos(ecliptic))) / 15.0
    equation = (mean / 15.0 - ascension + 12.0) % 24.0 - 12.0
    return degrees(asin(sin(tilt) * sin(ecliptic))), equation


def _angle(name: str, latitude: float, declination: float) -> float:
    """Degrees that the sun has turned since noon."""
    if name == "dhuhr":
        return 0.0
    if name == "asr":
        height = degrees(atan(1.0 / (1.0 + tan(radians(abs(latitude - declination))))))
    else:
        height = -{"fajr": _DAWN, "maghrib": _RISE, "isha": _NIGHT}[name]
    here, sun = radians(latitude), radians(declination)
    turned = degrees(acos((sin(radians(height)) - sin(here) * sin(sun)) / (cos(here) * cos(sun))))
    return -turned if name == "fajr" else turned
