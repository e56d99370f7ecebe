"""What an administrator sets of an agent's updates; without keys there are none."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts import updates


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`[updates]`."""

    keys: tuple[str, ...] = ()  # of whom this device believes what may run on it: Ed25519, base64
    source: str = ""  # address under which versions lie; a command may name another
    ca_file: Path | None = None  # of the source's certificate; none: the system's authorities
    prove: float = 300.0  # seconds in which a new version must be connected and receipted once

    def __post_init__(self) -> None:
        for key in self.keys:
            updates.unpacked("keys", key, 32)
        if self.prove < 1:
            raise ValueError(f"prove {self.prove}: at least 1 second")
