"""Counting visitors without knowing them: the table `[visitors]`. Without it nobody is counted."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the day's site key, and how long one sketch gathers."""

    host: str  # of the holder of site keys
    port: int = 8_884
    ca_file: Path | None = None  # whom to trust as holder; none: as for the broker
    cert_file: Path | None = None  # this device's certificate and key; none: as for the broker
    key_file: Path | None = None
    interval: int = 900  # seconds that one sketch gathers: an even part of an hour; longer tells less

    def __post_init__(self) -> None:
        if not 60 <= self.interval <= 3_600 or 3_600 % self.interval:
            raise ValueError(f"interval {self.interval}: an even part of an hour, 60 to 3600 seconds")
        if not self.host or not 0 < self.port < 65_536:
            raise ValueError("host, port: of the holder of site keys")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file: needs key_file beside it")
