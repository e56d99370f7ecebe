"""The city's areas, read from a file: kecamatan, and the kelurahan in them."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

import msgspec

from city.geography.errors import BadFile, Unknown

CIREBON: Final = Path(__file__).parent / "cirebon.toml"
_CODE: Final = re.compile(r"\d{2}\.\d{2}\.\d{2}(\.\d{4})?")


class Level(StrEnum):
    """What kind of area it is."""

    KECAMATAN = "kecamatan"
    KELURAHAN = "kelurahan"


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """One area."""

    code: str  # of Kemendagri: `32.74.05`, `32.74.05.1002`
    name: str
    level: Level
    parent: str  # code of the kecamatan, or of the city


class City(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The city as a whole."""

    code: str
    name: str
    longitude: float  # degrees WGS 84, of its middle
    latitude: float
    reach: float  # metres from the middle within which its places can be


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str
    name: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    city: City
    area: tuple[_Entry, ...]


class Areas:
    """All areas, in the order of their codes."""

    def __init__(self, city: City, areas: list[Area]) -> None:
        self.city = city
        self._areas = {area.code: area for area in sorted(areas, key=lambda area: area.code)}
        self._bare = {code.replace(".", ""): code for code in self._areas}

    @classmethod
    def load(cls, path: Path = CIREBON) -> Self:
        """Areas of a file. Raises BadFile."""
        try:
            file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
        except OSError as error:
            raise BadFile(path, error.strerror or str(error)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise BadFile(path, str(error)) from None
        codes = [entry.code for entry in file.area]
        areas = []
        for entry in file.area:
            parent = entry.code.rpartition(".")[0]
            if not _CODE.fullmatch(entry.code):
                raise BadFile(path, f"code {entry.code}: write it as 32.74.05 or 32.74.05.1002")
            if codes.count(entry.code) > 1:
                raise BadFile(path, f"code {entry.code} stands there twice")
            if parent not in {*codes, file.city.code}:
                raise BadFile(path, f"code {entry.code} belongs to {parent}, which is not there")
            level = Level.KECAMATAN if parent == file.city.code else Level.KELURAHAN
            areas.append(Area(code=entry.code, name=entry.name, level=level, parent=parent))
        return cls(file.city, areas)

    def get(self, code: str) -> Area:
        """One area, its code with or without points. Raises Unknown."""
        found = self._areas.get(self._bare.get(code.replace(".", ""), ""))
        if found is None:
            raise Unknown("area", code)
        return found

    def list(self, *, level: Level | None = None, parent: str = "") -> list[Area]:
        """Areas in the order of their codes."""
        return [
            area
            for area in self._areas.values()
            if level in {None, area.level} and parent in {"", area.parent}
        ]
