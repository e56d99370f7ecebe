"""Areas and sites together: what a point belongs to, and what is near it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
from sqlalchemy import Connection

from city.db import Database
from city.geography import findable, sites
from city.geography.areas import Areas, Level
from city.geography.boundaries import Boundaries
from city.geography.errors import Unknown
from city.geography.model import KOTA, Near, Site, Spot
from city.geography.plane import Plane, distance
from city.geography.settings import Settings
from city.geography.shapes import polygon, position, rings
from city.search import Index
from contracts.errors import Refused
from contracts.topics import name
from runtime.clock import Clock

if TYPE_CHECKING:  # loaded when a shape is made
    pass

NEAREST: Final = 50  # sites that are told at most
_TITLE: Final = 120  # characters
_LABELS: Final = 20
_LABEL: Final = 64  # characters of a label's name and of its value
_DEGREE: Final = 110_000.0  # metres: no degree of this latitude is shorter


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """All sites as they were at one mark; replaced whole."""

    mark: int
    sites: dict[str, Site]
    tree: Any  # STRtree of those below
    order: tuple[Site, ...]


class Atlas:
    """One city. Answers from memory, and looks at the database only for whether that is still right."""

    def __init__(
        self, db: Database, clock: Clock, areas: Areas, boundaries: Boundaries, index: Index | None = None
    ) -> None:
        """`index`: where sites can be found by their names."""
        self.areas = areas
        self._index = index
        self.boundaries = boundaries
        self._db = db
        self._clock = clock
        self._held: _Held | None = None
        city = areas.city
        self._kota = Site(id=KOTA, title=city.name, longitude=city.longitude, latitude=city.latitude)

    @classmethod
    def of(cls, db: Database, clock: Clock, settings: Settings, index: Index | None = None) -> Self:
        """Atlas of the settings. Raises BadFile."""
        areas = Areas.load(settings.areas)
        boundaries = Boundaries.load(settings.boundaries, areas, key=settings.property)
        return cls(db, clock, areas, boundaries, index)

    def at(self, longitude: float, latitude: float) -> Spot:
        """What a point belongs to. Raises Refused."""
        from shapely import Point

        point = position("position", (longitude, latitude))
        held = self._sites()
        found = [
            held.order[number]
            for number in held.tree.query(Point(point), predicate="intersects")
            if held.order[number].polygon
        ]
        found.sort(key=lambda site: (polygon(site.id, site.polygon).area, site.id))
        names = tuple(site.id for site in found)
        kelurahan = self.boundaries.kelurahan(point)
        kelurahan = kelurahan or next((site.kelurahan for site in found if site.kelurahan), "")
        kecamatan = self.areas.get(kelurahan).parent if kelurahan else self.boundaries.kecamatan(point)
        return Spot(site=names[0] if names else KOTA, sites=names, kelurahan=kelurahan, kecamatan=kecamatan)

    def near(
        self,
        longitude: float,
        latitude: float,
        *,
        within: float = 5_000.0,
        limit: int = 10,
        labels: Mapping[str, str] | None = None,
    ) -> list[Near]:
        """Sites within some metres that have these labels, nearest first; never `kota`. Raises Refused."""
        from shapely import Point, transform
        from shapely import distance as apart

        point = position("position", (longitude, latitude))
        held = self._sites()
        numbers = held.tree.query(Point(point), predicate="dwithin", distance=within / _DEGREE)
        found = [
            held.order[number]
            for number in numbers
            if held.order[number].id != KOTA and (labels or {}).items() <= held.order[number].labels.items()
        ]
        plane = Plane(*point)
        shapes = [transform(_shape(site), plane.lay, interleaved=False) for site in found]
        metres = apart(Point(0, 0), shapes) if shapes else []
        near = [Near(site=site, metres=round(float(far), 1)) for site, far in zip(found, metres, strict=True)]
        near = [one for one in near if one.metres <= within]
        return sorted(near, key=lambda one: (one.metres, one.site.id))[: min(max(limit, 0), NEAREST)]

    def sites(self) -> list[Site]:
        """All sites in the order of their ids, the city as a whole among them."""
        return list(self._sites().sites.values())

    def site(self, site: str) -> Site:
        """One site. Raises Unknown."""
        found = self._sites().sites.get(site)
        if found is None:
            raise Unknown("site", site)
        return found

    def mark(self) -> int:
        """Grows with every change of any site: for who keeps what he read."""
        return self._sites().mark

    def put(self, tx: Connection, site: Site, *, seen: int | None = None) -> Site:
        """Keep a site in the caller's transaction; as it is now. Raises Refused, Outdated.

        `seen`: its revision as it was read, 0 for one that must be new, None for whatever it is.
        """
        kept = sites.put(tx, self._checked(site), seen=seen, now=self._clock.now())
        if self._index is not None:
            self._index.put(tx, findable.SITE, findable.site(self.areas, kept))
        return kept

    def remove(self, tx: Connection, site: str, *, seen: int | None = None) -> Site:
        """Delete a site in the caller's transaction; as it was. Raises Unknown, Fixed, Outdated."""
        gone = sites.remove(tx, site, seen=seen)
        if self._index is not None:
            self._index.remove(tx, findable.SITE, site)
        return gone

    def _checked(self, site: Site) -> Site:
        name("id", site.id)
        title = site.title.strip()
        if not title or len(title) > _TITLE or not title.isprintable():
            raise Refused("title", site.title, f"1 to {_TITLE} characters")
        point = position("position", site.point)
        city = self.areas.city
        if distance((city.longitude, city.latitude), point) > city.reach:
            raise Refused("position", point, f"is not near {city.name}: longitude comes first")
        corners = rings("polygon", site.polygon) if site.polygon else ()
        if corners and not polygon("polygon", corners).buffer(1e-9).intersects(_point(point)):
            raise Refused("position", point, "lies outside the polygon")
        if len(site.labels) > _LABELS or any(
            not 0 < len(text) <= _LABEL for pair in site.labels.items() for text in pair
        ):
            raise Refused("labels", site.labels, f"at most {_LABELS}, of 1 to {_LABEL} characters each")
        return msgspec.structs.replace(
            site,
            title=title,
            longitude=point[0],
            latitude=point[1],
            polygon=corners,
            kelurahan=self._kelurahan(site.kelurahan, point) if site.id != KOTA else "",
        )

    def _kelurahan(self, code: str, point: tuple[float, float]) -> str:
        """Code of a kelurahan that was named, or of the one that holds the point."""
        if not code:
            return self.boundaries.kelurahan(point)
        try:
            area = self.areas.get(code)
        except Unknown as error:
            raise Refused("kelurahan", code, error.reason) from None
        if area.level is not Level.KELURAHAN:
            raise Refused("kelurahan", code, "is a kecamatan")
        return area.code

    def _sites(self) -> _Held:
        from shapely import STRtree

        held = self._held
        with self._db.read() as tx:
            now = sites.mark(tx)
            if held is not None and held.mark == now:
                return held
            found = {site.id: site for site in [self._kota, *sites.every(tx)]}
        order = tuple(found[key] for key in sorted(found))
        tree = STRtree([_shape(site) for site in order])
        self._held = held = _Held(mark=now, sites={site.id: site for site in order}, tree=tree, order=order)
        return held


def _point(point: tuple[float, float]) -> Any:
    from shapely import Point

    return Point(point)


def _shape(site: Site) -> Any:
    return polygon(site.id, site.polygon) if site.polygon else _point(site.point)
