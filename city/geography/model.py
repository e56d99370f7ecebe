"""A site, and what is told of a point."""

from __future__ import annotations

from typing import Final

import msgspec

KOTA: Final = "kota"  # the site of all that has no other: the city as a whole
Ring = tuple[tuple[float, float], ...]  # closed; (longitude, latitude) each


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the city that has a name of its own: an area of devices, a stadium, a market."""

    id: str  # as in topics: `bima`
    title: str  # for people: `Kawasan Bima`
    longitude: float  # degrees WGS 84
    latitude: float
    polygon: tuple[Ring, ...] = ()  # outer ring, then holes; empty where only the point is known
    kelurahan: str = ""  # code; empty where it is not known
    labels: dict[str, str] = {}
    revision: int = 0  # 1, 2, 3 …: the greater one is newer
    changed: int = 0  # µs UTC

    @property
    def point(self) -> tuple[float, float]:
        """Where it is: longitude, latitude."""
        return self.longitude, self.latitude


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """What a point belongs to."""

    site: str  # the smallest site that holds it; `kota` where none does
    sites: tuple[str, ...]  # all that hold it, smallest first
    kelurahan: str  # code; empty where it is not known
    kecamatan: str  # code; empty where it is not known


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """A site and how far it is from a point."""

    site: Site
    metres: float  # to its polygon, 0 within; to its point where it has none
