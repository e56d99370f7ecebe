"""Who is associated: the port for what may need it on this device, and one client as a radio shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec


class Stations(Protocol):
    """What knows the clients now. Addresses stay in memory: nobody logs, stores or sends them."""

    def associated(self) -> Iterable[bytes]:
        """The 6 raw bytes of each associated client's address, as of the last reading; each once."""
        ...


class Users(Protocol):
    """What knows the names by which people signed in. They stay in memory, as addresses do."""

    def users(self) -> Iterable[bytes]:
        """The name of each user with a session under way, as it was told; each once."""
        ...


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One client of one radio as read now; None where it does not tell. Counters begin as it associates."""

    mac: bytes  # 6 raw bytes; never logged, stored or sent
    signal: float | None = None  # dBm, of what is heard from the client
    authorized: bool | None = None  # through with the handshake
    connected: float | None = None  # seconds since it associated
    received: int | None = None  # bytes from the client
    sent: int | None = None  # bytes to the client
    frames: int | None = None  # sent to the client
    retried: int | None = None  # sent again
    failed: int | None = None  # given up
    narrow: bool = False  # the byte counters are of 32 bits and wrap

    def __repr__(self) -> str:
        """A client has no name, also where something prints it by mistake."""
        return "Seen(…)"


def address(text: str) -> bytes:
    """`aa:bb:cc:dd:ee:ff`, `AA-BB-…`, `aabbccddeeff` → 6 bytes. Raises ValueError, not repeating it."""
    digits = text.translate(_PUNCTUATION)
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raise ValueError("not a MAC address") from None
    if len(raw) != 6:
        raise ValueError("not a MAC address")
    return raw


_PUNCTUATION = str.maketrans("", "", ":-.")
