"""Settings of one agent: one TOML file, `IMM_EDGE_…` variables over it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from contracts.topics import name
from edge.alerts.rule import Rule
from edge.kiosk.settings import Settings as Kiosk
from edge.replay.settings import Settings as Replay
from edge.updates.settings import Settings as Updates
from edge.visitors.settings import Settings as Visitors
from edge.wifi.settings import Settings as Wifi
from runtime import mqtt, spool, uplink

_SPOOL = Path("/var/lib/imm-edge/spool.db")


class Spool(msgspec.Struct, frozen=True, kw_only=True):
    """Where batches wait for their receipts."""

    path: Path = _SPOOL
    limit_bytes: int = spool.LIMIT

    def __post_init__(self) -> None:
        if self.limit_bytes < spool.LEAST:
            raise ValueError(f"limit_bytes: at least {spool.LEAST}")


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent says on stderr."""

    json: bool = False
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one agent."""

    site: str
    device: str  # id, unique in the city; for replay the name under which the agent connects
    broker: mqtt.Settings = mqtt.Settings()
    folder: Path | None = None  # what the agent keeps; none: where the spool lies, if that is `spool.db`
    spool: Spool = Spool()
    uplink: uplink.Settings = uplink.Settings()
    period: float = 10.0  # seconds from sample to sample
    probe: float = 60.0  # seconds from probe to probe; 0: none
    tally: float = 60.0  # seconds between counts told to the ledger, beside the close of each hour
    farewell: float = 3.0  # seconds at the end in which what is spooled may still leave
    encoding: Literal["json", "cbor"] = "json"  # cbor where bandwidth matters
    metrics_port: int = 0  # on loopback, for Prometheus; 0: none
    log: Log = Log()
    disks: tuple[str, ...] = ("/",)  # mount points that a kiosk watches
    alerts: tuple[Rule, ...] = ()  # local alerts beside the usual ones; one of the same name takes its place
    kiosk: Kiosk = Kiosk()
    wifi: Wifi = Wifi()
    visitors: Visitors | None = None
    updates: Updates = Updates()
    replay: Replay | None = None

    @property
    def home(self) -> Path:
        """The agent's folder; beside a spool of another name than the usual one there may be others'."""
        if self.folder:
            return self.folder
        spool = self.spool.path
        return spool.parent if spool.name == _SPOOL.name else spool.with_suffix(".agent")

    def __post_init__(self) -> None:
        name("site", self.site)
        name("device", self.device)
        if not 0.1 <= self.period <= 3_600:
            raise ValueError(f"period {self.period}: 0.1 to 3600 seconds")
        if self.tally < 1:
            raise ValueError(f"tally {self.tally}: at least 1 second")
        if self.probe < 0 or self.farewell < 0:
            raise ValueError("probe, farewell: not negative")
