"""Areas and sites as the search has them: public, by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from city.geography import sites
from city.geography.areas import Area, Areas, Level
from city.geography.model import Site
from city.search import Document, Kind, Source
from contracts.judgements import Text

SITE: Final = Kind(
    name="site",
    title=Text(id="Tempat", en="Place"),
    heading=("title",),
    text=("kelurahan", "kecamatan"),
    facets=("label",),
)
AREA: Final = Kind(
    name="area", title=Text(id="Wilayah", en="Area"), heading=("level", "name"), text=("within",)
)
_LEVELS: Final = {Level.KECAMATAN: "Kecamatan", Level.KELURAHAN: "Kelurahan"}


def site(areas: Areas, of: Site) -> Document:
    """Site → document."""
    kelurahan = areas.get(of.kelurahan) if of.kelurahan else None
    return Document(
        id=of.id,
        path=f"/api/v1/sites/{of.id}",
        fields={
            "title": of.title,
            "kelurahan": f"Kelurahan {kelurahan.name}" if kelurahan else "",
            "kecamatan": f"Kecamatan {areas.get(kelurahan.parent).name}" if kelurahan else "",
            "label": tuple(f"{name}={value}" for name, value in sorted(of.labels.items())),
        },
        public=True,
        changed=of.changed,
    )


def area(areas: Areas, of: Area) -> Document:
    """Area → document."""
    within = areas.city.name
    if of.level is Level.KELURAHAN:
        within = f"Kecamatan {areas.get(of.parent).name}\n{within}"
    fields = {"level": _LEVELS[of.level], "name": of.name, "within": within}
    return Document(id=of.code, path=f"/api/v1/areas/{of.code}", fields=fields, public=True)


def sources(areas: Areas) -> tuple[Source, ...]:
    """All of them, for building the search anew."""

    def sited(tx: Connection, after: str, limit: int) -> Iterable[Document]:
        return [site(areas, one) for one in sites.every(tx) if one.id > after][:limit]

    def all_areas(_: Connection, after: str, limit: int) -> Iterable[Document]:
        return [area(areas, one) for one in areas.list() if one.code > after][:limit]

    return Source(kind=SITE, page=sited), Source(kind=AREA, page=all_areas)
