"""What a record takes as a file: the allow-list and the limits of one use."""

from __future__ import annotations

from typing import Final

import msgspec

from city.files.kinds import Kind

MOST: Final = (
    64_000_000  # bytes: contents are checked in memory, so that personal ones never lie on disk in clear
)
_PIXELS: Final = 50_000_000  # more than a phone's usual picture; decoded it is 150 MB


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One use of files, named for its programme and noun: `sedulur.paper`."""

    name: str
    kinds: tuple[Kind, ...]
    limit: int = 10_000_000  # bytes as sent
    pixels: int = _PIXELS  # width × height as sent
    longest: int = 4_096  # pixels of the longer edge as kept; larger pictures are made smaller
    pages: int = 200  # of a PDF
    personal: bool = True  # encrypted at rest with a key of its own, which erasure destroys

    def __post_init__(self) -> None:
        if not self.kinds or not 0 < self.limit <= MOST:
            raise ValueError(f"use {self.name}: name kinds, and a limit of 1 to {MOST} bytes")
