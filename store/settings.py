"""Settings of the store: `[store]` in the TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from contracts.instants import DAY, HOUR, MINUTE
from store.port import LEVELS, Policy


class Embedded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """DuckDB, owned by the all-in-one process."""

    path: Path = Path("imm.duckdb")
    memory_mb: int = 256  # limit of the engine's own buffers
    threads: int = 2


class Influx(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """InfluxDB: v2 write API, InfluxQL for reading."""

    url: str = "http://127.0.0.1:8086"
    token_file: Path | None = None
    org: str = "imm"
    bucket: str = "imm"
    timeout: float = 10.0  # seconds a request may take
    gzip: bool = False
    lines: int = 10_000  # of one write request


class Ledger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ledger, dead letters and state beside InfluxDB; the embedded engine keeps them in its own file."""

    url: str = "sqlite:///ledger.sqlite"  # or postgresql+psycopg://user@host/database
    password_file: Path | None = None


class Frames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files of frames."""

    path: Path = Path("frames")
    keep_days: int = 30


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long samples and roll-ups are kept; 0 = for ever."""

    telemetry_days: int = 400
    event_days: int = 400
    status_days: int = 400
    probe_hours: int = 1
    minute_days: int = 400
    quarter_days: int = 800
    hour_days: int = 0
    day_days: int = 0
    visitors_days: int = 35  # merged sketches, so that what comes late still merges; 2 at least

    def __post_init__(self) -> None:
        if self.visitors_days < 2:
            raise ValueError(
                f"visitors_days {self.visitors_days}: at least 2, for a day is shown when it is over"
            )

    def policies(self) -> tuple[Policy, ...]:
        """What the engine is to do."""
        days = {"telemetry": self.telemetry_days, "event": self.event_days, "status": self.status_days}
        levels = zip(
            LEVELS, (self.minute_days, self.quarter_days, self.hour_days, self.day_days), strict=True
        )
        return (
            *(Policy(channel=name, keep=count * DAY) for name, count in days.items() if count),
            *([Policy(channel="probe", keep=self.probe_hours * HOUR)] if self.probe_hours else []),
            *(Policy(channel="rollup", level=level, keep=count * DAY) for level, count in levels if count),
        )


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group `store`."""

    engine: Literal["embedded", "influx"] = "embedded"
    embedded: Embedded = Embedded()
    influx: Influx = Influx()
    ledger: Ledger = Ledger()
    frames: Frames = Frames()
    retention: Retention = Retention()
    upkeep: int = MINUTE  # µs between two rounds of roll-ups and retention
