"""What travels beside a frame's bytes, as MQTT 5 user properties; frames are receipted like telemetry."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

import msgspec

from contracts.errors import Refused

TYPES: Final = ("image/jpeg", "image/png")
LARGEST: Final = 4_000_000  # bytes of one frame
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Purpose(StrEnum):
    """Why a frame left the device."""

    EVIDENCE = "evidence"
    STILL = "still"
    HEAT_MAP = "heat-map"
    SCREENSHOT = "screenshot"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a frame is, when it was taken, and what was hidden in it."""

    time: int  # µs UTC
    width: int  # pixels
    height: int
    sha256: str  # of the bytes
    purpose: Purpose
    redacted: str = ""  # what was hidden: `faces,plates`; empty where nothing had to be
    model: str = ""  # which model found what was hidden
    chain: str = ""  # SHA-256 over the previous frame's chain and this frame: a hole shows

    def properties(self) -> list[tuple[str, str]]:
        """MQTT 5 user properties."""
        return [(key, str(value)) for key, value in msgspec.structs.asdict(self).items() if value != ""]

    @classmethod
    def parse(cls, properties: Mapping[str, str]) -> Self:
        """User properties → header. Raises Refused."""
        known = {key: properties[key] for key in cls.__struct_fields__ if key in properties}
        try:
            header = msgspec.convert(known, cls, strict=False)
        except msgspec.ValidationError as error:
            raise Refused("frame", str(known)[:120], str(error)) from None
        if not _SHA256.fullmatch(header.sha256):
            raise Refused("sha256", header.sha256, "64 hex digits")
        return header

    def check(self, payload: bytes) -> None:
        """Raise Refused where the bytes are not those that the header speaks of."""
        if not 1 <= len(payload) <= LARGEST:
            raise Refused("frame", len(payload), f"1 to {LARGEST} bytes")
        if hashlib.sha256(payload).hexdigest() != self.sha256:
            raise Refused("sha256", self.sha256, "is not the digest of the payload")
