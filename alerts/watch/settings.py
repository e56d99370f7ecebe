"""Settings of the watch."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[watch]`; times in seconds."""

    silence: float = 180.0  # without any probe after which the path is called broken; 0: nobody watches
    look: float = 2.0  # between looks

    def __post_init__(self) -> None:
        if self.silence < 0 or self.look <= 0:
            raise ValueError("silence: not negative; look: greater than 0")
