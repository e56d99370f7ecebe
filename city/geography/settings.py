"""Settings of the geography."""

from __future__ import annotations

from pathlib import Path

import msgspec

from city.geography.areas import CIREBON


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which city it is, and where its areas end."""

    areas: Path = CIREBON  # codes and names of kecamatan and kelurahan
    boundaries: Path | None = None  # GeoJSON of their boundaries, which you have the right to use
    property: str = "kode"  # of each feature there that holds the area's code, with or without points
