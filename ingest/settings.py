"""What an operator may set of ingest; each bound says what happens beyond it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts.topics import name


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One device's share. A message beyond it is boxed: sent again by its sender, unnoticed by neighbours."""

    records_per_s: float = 50_000.0
    messages_per_s: float = 2_000.0
    letters_per_s: float = 10.0  # dead letters; beyond, numbered messages are boxed and others only counted
    burst_s: float = 10.0  # how many seconds' share may come at once
    series: int = 20_000  # distinct series; a message with more is a dead letter


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[ingest]`."""

    group: str = "ingest"  # of the shared subscription: workers of one group divide the messages
    linger_s: float = 0.025  # longest wait of a gathered message before its write starts
    quiet_s: float = 0.01  # no new message for so long ends that wait
    records: int = 32_000  # in one store write; beyond, reading from the broker pauses
    messages: int = 2_000
    bytes: int = 16_000_000
    kept: int = 4_194_304  # bytes of a dead letter's payload; a longer one is cut and cannot be replayed
    future_s: float = 600.0  # how far a device's clock may run ahead; a later sample is a dead letter
    past_days: float = 3_660.0  # an older sample is a dead letter (a clock that starts in 1970)
    share: Share = Share()
    mappings: tuple[Path, ...] = ()  # YAML files or folders: how the messages of third parties are read

    def __post_init__(self) -> None:
        name("group", self.group)
        for field in ("records", "messages", "bytes", "kept"):
            if getattr(self, field) <= 0:
                raise ValueError(f"{field}: must be greater than 0 (got {getattr(self, field)})")
