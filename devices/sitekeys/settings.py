"""Settings of the holder of site keys: `[keys]`."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it answers, and as whom. It runs where `certificate_file` is given."""

    host: str = "127.0.0.1"
    port: int = 8_884
    certificate_file: Path | None = None  # PEM chain of this holder, which devices trust
    key_file: Path | None = None  # its private key
    ca_file: Path | None = None  # whose devices may ask; none: the platform's own authority
    ahead: float = 1_800.0  # seconds before midnight in Cirebon from when the next day's key is given
    per_hour: float = 60.0  # questions of one device; twelve at once
    connections: int = 64  # at once; further ones wait

    def __post_init__(self) -> None:
        if not 60 <= self.ahead <= 43_200:
            raise ValueError(f"ahead {self.ahead}: 60 to 43200 seconds")
        if self.per_hour <= 0 or self.connections < 1:
            raise ValueError("per_hour, connections: greater than 0")
