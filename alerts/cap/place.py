"""Where an alert is, in CAP's words: its site's outline, and the codes of the areas that hold it."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from city.geography import sites
from city.geography.areas import Areas
from city.geography.errors import Unknown
from city.geography.model import Site
from contracts.cap import Area, Named
from contracts.judgements import Text

CODES: Final = "ID-KEMENDAGRI"  # whose codes of areas these are
_KM: Final = 1_000.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place in both languages."""

    id: Area
    en: Area


class Places:
    """Finds places by the name of a site."""

    def __init__(self, areas: Areas, *, radius_km: float) -> None:
        """`radius_km`: around a site of which no outline is known."""
        self._areas = areas
        self._radius = radius_km

    def find(self, tx: Connection, site: str) -> Place:
        """Place of a site; the whole city where there is no such site."""
        found = sites.find(tx, site)
        city = self._areas.city
        codes = (Named(name=CODES, value=city.code),)
        if found is None:
            circle = (city.latitude, city.longitude, city.reach / _KM)
            return _place(Text(id=city.name, en=city.name), codes, circle=circle)
        names = Text(id=city.name, en=city.name)
        if found.kelurahan and (held := self._held(found.kelurahan)) is not None:
            kelurahan, kecamatan = held
            names = Text(
                id=f"Kelurahan {kelurahan}, Kecamatan {kecamatan}, {names.id}",
                en=f"{kelurahan}, {kecamatan}, {names.en}",
            )
            codes = (Named(name=CODES, value=found.kelurahan),)
        title = Text(id=f"{found.title}, {names.id}", en=f"{found.title}, {names.en}")
        if found.polygon:
            return _place(title, codes, site=found)
        return _place(title, codes, circle=(found.latitude, found.longitude, self._radius))

    def _held(self, code: str) -> tuple[str, str] | None:
        """Names of a kelurahan and its kecamatan; None where the code is of another list."""
        try:
            kelurahan = self._areas.get(code)
            return kelurahan.name, self._areas.get(kelurahan.parent).name
        except Unknown:
            return None


def _place(
    title: Text,
    codes: tuple[Named, ...],
    *,
    site: Site | None = None,
    circle: tuple[float, float, float] | None = None,
) -> Place:
    outer = site.polygon[0] if site is not None else ()  # CAP knows no holes
    ring = tuple((latitude, longitude) for longitude, latitude in outer)
    area = Area(
        description=title.id,
        polygons=(ring,) if ring else (),
        circles=(circle,) if circle else (),
        codes=codes,
    )
    return Place(id=area, en=msgspec.structs.replace(area, description=title.en))
