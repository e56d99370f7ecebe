"""Settings of idempotency keys."""

from __future__ import annotations

import msgspec

from contracts.instants import DAY, SECOND


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds."""

    keep: float = DAY / SECOND  # for which a key is known, and its answer given again
    patience: float = 60.0  # after which work that was neither finished nor given up may be done anew
    answer: int = 262_144  # bytes of an answer that are kept
    sweep: float = 60.0  # between deletions of what is too old
