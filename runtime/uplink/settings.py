"""How much the uplink lets wait for receipts, and for how long."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one uplink; each lane has a window of its own, so that alarms pass what is stuck."""

    window: int = 1_000  # batches of a lane that may wait for their receipt
    window_bytes: int = (
        8_000_000  # the same in bytes, at most an eighth of the spool; one batch may always go
    )
    ahead: int = 100  # batches handed to the client that the broker has not acknowledged
    ahead_bytes: int = 256_000  # the same in bytes: what an alarm waits behind on a slow line
    patience: float = 20.0  # seconds without a receipt after which a batch is sent again
    longest_patience: float = 120.0  # it doubles up to this while no receipt comes at all

    def __post_init__(self) -> None:
        for name in ("window", "window_bytes", "ahead", "ahead_bytes", "patience"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: more than 0")
        if self.longest_patience < self.patience:
            raise ValueError("longest_patience: not less than patience")
