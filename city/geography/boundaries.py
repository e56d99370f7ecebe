"""Where areas end: a GeoJSON file that the operator supplies, checked before it is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from city.geography.areas import Areas, Level
from city.geography.errors import BadFile, Unknown
from city.geography.model import Ring
from city.geography.plane import Plane, distance
from city.geography.shapes import polygon, rings
from contracts.errors import Refused

if TYPE_CHECKING:  # loaded when boundaries are
    from shapely.geometry.base import BaseGeometry

LARGEST: Final = 64_000_000  # bytes of the file
_OVERLAP: Final = 1_000.0  # m² that two neighbours may share: lines drawn twice never lie quite the same
Outline = tuple[tuple[Ring, ...], ...]  # polygons of one area, each with its rings


class Boundaries:
    """Outlines of areas. Empty where no file is named."""

    def __init__(self, areas: Areas, outlines: Mapping[str, Outline] | None = None) -> None:
        self.outlines: dict[str, Outline] = dict(sorted((outlines or {}).items()))
        self._areas = areas
        self._shapes: dict[str, BaseGeometry] = {}
        for code, outline in self.outlines.items():
            self._shapes[code] = _shape(code, outline)
        self._lowest = [code for code in self._shapes if areas.get(code).level is Level.KELURAHAN]
        self._tree: Any = None
        if self._lowest:
            from shapely import STRtree

            self._tree = STRtree([self._shapes[code] for code in self._lowest])

    @classmethod
    def load(cls, path: Path | None, areas: Areas, *, key: str = "kode") -> Self:
        """Outlines of a file, none without one; `key`: the property with the code. Raises BadFile."""
        if path is None:
            return cls(areas)
        try:
            if path.stat().st_size > LARGEST:
                raise BadFile(path, f"is larger than {LARGEST:,} bytes: make the lines coarser")
            document = msgspec.json.decode(path.read_bytes())
        except OSError as error:
            raise BadFile(path, error.strerror or str(error)) from None
        except (msgspec.MsgspecError, RecursionError) as error:
            raise BadFile(path, f"is no JSON: {error}") from None
        if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
            raise BadFile(path, "is no GeoJSON FeatureCollection")
        outlines: dict[str, Outline] = {}
        for number, feature in enumerate(document.get("features") or ()):
            try:
                code, outline = _read(feature, areas, key)
                _within(areas, outline)
            except (Refused, Unknown) as error:
                raise BadFile(path, f"features[{number}]: {error}") from None
            if code in outlines:
                raise BadFile(path, f"features[{number}]: {code} stands there twice")
            outlines[code] = outline
        return cls(areas, outlines)

    def kelurahan(self, point: tuple[float, float]) -> str:
        """Code of the kelurahan that holds a point; empty where none does or no boundaries are known."""
        if self._tree is None:
            return ""
        from shapely import Point

        found = self._tree.query(Point(point), predicate="intersects")
        return min((self._lowest[number] for number in found), default="")

    def kecamatan(self, point: tuple[float, float]) -> str:
        """Code of the kecamatan that holds a point; empty where it is not known."""
        if code := self.kelurahan(point):
            return self._areas.get(code).parent
        from shapely import Point

        here = Point(point)
        codes = (area.code for area in self._areas.list(level=Level.KECAMATAN) if area.code in self._shapes)
        return next((code for code in codes if self._shapes[code].intersects(here)), "")

    def findings(self) -> Iterator[str]:
        """What is odd, and no reason to refuse: areas without outline, and neighbours that overlap."""
        if not self._shapes:
            return
        missing = [
            area.name for area in self._areas.list(level=Level.KELURAHAN) if area.code not in self._shapes
        ]
        if missing:
            yield f"no boundary of {', '.join(missing)}"
        plane = Plane(self._areas.city.longitude, self._areas.city.latitude)
        flat = {code: _laid(self._shapes[code], plane) for code in self._lowest}
        for one, other in combinations(self._lowest, 2):
            shared = flat[one].intersection(flat[other]).area if flat[one].intersects(flat[other]) else 0.0
            if shared > _OVERLAP:
                names = f"{self._areas.get(one).name} and {self._areas.get(other).name}"
                yield f"{names} overlap by {shared / 10_000:,.1f} ha"


def _read(feature: Any, areas: Areas, key: str) -> tuple[str, Outline]:
    """Code and outline of a feature. Raises Refused, Unknown."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        raise Refused("feature", feature, "a Feature with properties and a geometry")
    code = areas.get(str(properties.get(key, ""))).code
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        return code, (rings("coordinates", coordinates),)
    if kind != "MultiPolygon" or not isinstance(coordinates, list) or not coordinates:
        raise Refused("geometry", kind, "a Polygon or a MultiPolygon")
    outline = tuple(rings("coordinates", one) for one in coordinates)
    _shape(code, outline)
    return code, outline


def _within(areas: Areas, outline: Outline) -> None:
    """Raises Refused where a corner is far from the city: most often the numbers changed places."""
    city = areas.city
    for corner in (corner for shape in outline for corner in shape[0]):
        if distance((city.longitude, city.latitude), corner) > city.reach:
            raise Refused("coordinates", corner, f"is not near {city.name}: longitude comes first")


def _shape(code: str, outline: Outline) -> BaseGeometry:
    from shapely import MultiPolygon

    shapes = [polygon(code, one) for one in outline]
    whole = MultiPolygon(shapes) if len(shapes) > 1 else shapes[0]
    if not whole.is_valid:
        raise Refused("coordinates", code, "polygons of one area overlap")
    return whole


def _laid(shape: BaseGeometry, plane: Plane) -> BaseGeometry:
    from shapely import transform

    laid: BaseGeometry = transform(shape, plane.lay, interleaved=False)
    return laid
