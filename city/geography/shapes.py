"""Rings ↔ shapes, checked: what is kept is closed, within the world, and does not cross itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from city.geography.model import Ring
from contracts.errors import Refused

if TYPE_CHECKING:  # loaded when a shape is made: commands and the demo start without it
    from shapely.geometry import Polygon

CORNERS: Final = 5_000  # positions of one shape; a district's boundary has some hundreds
_DIGITS: Final = 7  # decimals of a degree: a centimetre, and RFC 7946 advises no more than is known


def position(field: str, value: Any) -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON position. Raises Refused."""
    if not isinstance(value, list | tuple) or len(value) < 2 or not all(map(_number, value[:2])):
        raise Refused(field, value, "two numbers: longitude, latitude")
    longitude, latitude = float(value[0]), float(value[1])
    if not (isfinite(longitude) and isfinite(latitude) and abs(longitude) <= 180 and abs(latitude) <= 90):
        raise Refused(field, value, "longitude within ±180 and latitude within ±90, in this order")
    return round(longitude, _DIGITS), round(latitude, _DIGITS)


def rings(field: str, value: Any) -> tuple[Ring, ...]:
    """Outer ring and holes of a GeoJSON polygon, turned as RFC 7946 wants them. Raises Refused."""
    if not isinstance(value, list | tuple) or not value:
        raise Refused(field, value, "a list of rings, the outer one first")
    found: list[Ring] = []
    corners = 0
    for ring in value:
        if not isinstance(ring, list | tuple) or len(ring) < 4:
            raise Refused(field, ring, "a ring has at least four positions, the last the same as the first")
        corners += len(ring)
        if corners > CORNERS:
            raise Refused(field, f"{corners:,} positions", f"at most {CORNERS:,}: make it coarser")
        places = tuple(position(field, one) for one in ring)
        if places[0] != places[-1]:
            raise Refused(field, places[-1], f"a ring ends where it began, at {places[0]}")
        found.append(places)
    return turned(polygon(field, found))


def polygon(field: str, found: Sequence[Ring]) -> Polygon:
    """Shape of rings. Raises Refused where it crosses itself or a hole lies outside."""
    from shapely import Polygon
    from shapely.validation import explain_validity

    shape = Polygon(found[0], found[1:])
    if not shape.is_valid:
        raise Refused(field, f"{len(found[0])} positions", explain_validity(shape))
    if shape.area == 0:
        raise Refused(field, f"{len(found[0])} positions", "it has no area")
    return shape


def turned(shape: Polygon) -> tuple[Ring, ...]:
    """Rings of a shape by the right-hand rule: the outer one against the clock, holes with it."""
    from shapely.geometry.polygon import orient

    straight = orient(shape, 1.0)
    return tuple(
        tuple((float(x), float(y)) for x, y in ring.coords)
        for ring in (straight.exterior, *straight.interiors)
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
