"""Metres around a point: the ellipsoid of WGS 84 laid flat. Within 50 km it errs by less than 0.1 %."""

from __future__ import annotations

from math import cos, hypot, radians, sin, sqrt
from typing import Any, Final

import msgspec

_A: Final = 6_378_137.0  # metres, half the longer axis
_F: Final = 1 / 298.257_223_563
_E2: Final = _F * (2 - _F)


class Plane(msgspec.Struct, frozen=True):
    """The plane that touches the earth at a point; its axes point east and north."""

    longitude: float
    latitude: float

    def lay(self, longitude: Any, latitude: Any) -> tuple[Any, Any]:
        """Degrees → metres from the point; numbers or arrays of them."""
        east, north = _metres(self.latitude)
        return (longitude - self.longitude) * east, (latitude - self.latitude) * north


def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres between two points, (longitude, latitude) each."""
    east, north = _metres((a[1] + b[1]) / 2)
    return hypot((a[0] - b[0]) * east, (a[1] - b[1]) * north)


def _metres(latitude: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude there."""
    s = sin(radians(latitude))
    w = sqrt(1 - _E2 * s * s)
    return radians(1) * _A / w * cos(radians(latitude)), radians(1) * _A * (1 - _E2) / w**3
