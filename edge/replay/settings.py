"""What is replayed: a file, what its columns mean, and how its times become ours."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from contracts.instants import DAY, SECOND
from contracts.topics import Device, Kind, name


class Restamp(StrEnum):
    """How a row's time becomes its sample's time."""

    AS_IS = "as-is"  # it stays
    WEEKS = "weeks"  # moved by whole weeks: the hour of the week stays true
    NOW = "now"  # the first row is now, the others follow at the speed of the replay


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One series in the file: a column of it, in all rows or in those that hold `where`."""

    column: str
    device: str
    kind: Kind
    metric: str
    site: str = ""  # empty: the agent's
    instance: str = ""
    unit: str = ""  # only for metrics that the catalogue does not know
    where: dict[str, str] = {}  # column → text

    def address(self, site: str) -> Device:
        """The device that speaks."""
        return Device(site=self.site or site, kind=self.kind, device=self.device)

    def __post_init__(self) -> None:
        name("device", self.device)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One replay. Rows stand in order of time."""

    file: Path  # .csv, .csv.gz or .parquet
    columns: tuple[Column, ...]
    time: str = "time"  # the column that holds it
    unit: Literal["us", "ms", "s", "text"] = "us"  # of a number; text: RFC 3339
    zone: str = "UTC"  # of text without an offset
    restamp: Restamp = Restamp.WEEKS
    weeks: int | None = None  # by how many rows are moved; by default the newest then lies just ahead of now
    history: float | None = None  # seconds before the start; rows older than that are left out
    played: float = DAY / SECOND  # seconds before the start; rows older than that are loaded at once
    speed: float = 3_600.0  # times faster, until now is reached, then 1; 0: as fast as it goes
    batch: int = 500  # rows at a time

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("columns: at least one")
        if self.speed and not 1 <= self.speed <= 3_600:
            raise ValueError(f"speed {self.speed}: 1 to 3600, or 0 for as fast as it goes")
        if not 1 <= self.batch <= 5_000:
            raise ValueError(f"batch {self.batch}: 1 to 5000 rows")
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # only who replays loads it

        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"zone {self.zone}: no such time zone") from None
