"""Sites and areas as GeoJSON (RFC 7946), out and in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from city.geography.model import Ring, Site
from city.geography.shapes import polygon, position, rings
from contracts.errors import Refused

MEDIA_TYPE: Final = "application/geo+json"


def feature(site: Site) -> dict[str, Any]:
    """Site → Feature: its polygon where it has one, else its point."""
    geometry: dict[str, Any] = {"type": "Point", "coordinates": site.point}
    if site.polygon:
        geometry = {"type": "Polygon", "coordinates": site.polygon}
    properties = {
        "title": site.title,
        "longitude": site.longitude,
        "latitude": site.latitude,
        "kelurahan": site.kelurahan,
        "labels": site.labels,
        "revision": site.revision,
        "changed": site.changed,
    }
    return {"type": "Feature", "id": site.id, "geometry": geometry, "properties": properties}


def outline(shapes: Iterable[tuple[Ring, ...]]) -> dict[str, Any] | None:
    """Polygons of an area → one geometry; None where there is none."""
    found = list(shapes)
    if not found:
        return None
    if len(found) == 1:
        return {"type": "Polygon", "coordinates": found[0]}
    return {"type": "MultiPolygon", "coordinates": found}


def collection(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Features → FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}


def site(value: Any) -> Site:
    """Feature → site; what is not a site's is left out. Raises Refused."""
    if not isinstance(value, dict) or value.get("type") != "Feature":
        raise Refused("feature", value, "an object of type Feature")
    properties = value.get("properties") or {}
    geometry = value.get("geometry")
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        raise Refused("feature", value, "with properties and a geometry")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    corners: tuple[Ring, ...] = ()
    if kind == "Point":
        longitude, latitude = position("coordinates", coordinates)
    elif kind == "Polygon":
        corners = rings("coordinates", coordinates)
        longitude, latitude = _middle(properties, corners)
    else:
        raise Refused("geometry", kind, "a Point or a Polygon")
    labels = properties.get("labels") or {}
    if not isinstance(labels, dict) or not all(isinstance(one, str) for one in labels.values()):
        raise Refused("labels", labels, "an object of texts")
    return Site(
        id=_text("id", value.get("id", "")),
        title=_text("title", properties.get("title", "")),
        longitude=longitude,
        latitude=latitude,
        polygon=corners,
        kelurahan=_text("kelurahan", properties.get("kelurahan", "")),
        labels={str(name): text for name, text in labels.items()},
    )


def _middle(properties: Mapping[str, Any], corners: tuple[Ring, ...]) -> tuple[float, float]:
    if "longitude" in properties and "latitude" in properties:
        return position("coordinates", (properties["longitude"], properties["latitude"]))
    inside = polygon("coordinates", corners).representative_point()
    return position("coordinates", (inside.x, inside.y))


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(field, value, "a text")
    return value
