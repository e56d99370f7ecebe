"""Accounting requests (RFC 2866, 2869), by pyrad: believed only when signed with the shared secret."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import msgspec

from edge.wifi.stations import address

_LARGEST: Final = 4_096  # bytes of a request, says the RFC
_ACCOUNTING, _STATUS = 4, 12  # codes of requests
_USER, _NAS_ADDRESS, _STATION, _NAS_NAME = 1, 4, 31, 32
_KIND, _DELAY, _IN, _OUT, _SESSION, _CAUSE = 40, 41, 42, 43, 44, 49
_IN_HIGH, _OUT_HIGH = 52, 53


class Kind(IntEnum):
    """What a request tells of; RFC 2866 5.1."""

    START = 1
    STOP = 2
    INTERIM = 3
    ON = 7
    OFF = 8


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What one request says."""

    kind: Kind | None  # None: nothing of a session, such as whether we are there (RFC 5997)
    nas: bytes = b""  # name or address that the access point gives itself
    session: bytes = b""  # the access point's own id of the session
    delay: int = 0  # seconds since it happened
    received: int | None = None  # bytes from the user
    sent: int | None = None  # bytes to the user
    cause: int | None = None  # why the session ended; RFC 2866 5.10
    mac: bytes | None = None  # the user's device: 6 bytes in memory, never logged, stored or sent
    user: bytes | None = None  # the user's name: as above

    def __repr__(self) -> str:
        """A user has no name, also where something prints this by mistake."""
        return f"Word({self.kind!r})"


class Refused(Exception):
    """A request that is not taken; says why, in words of ours."""


def read(data: bytes, secret: bytes) -> tuple[Word, bytes]:
    """What a request says, and the reply to be sent once that is kept. Raises Refused."""
    from pyrad.packet import AcctPacket, PacketError

    if len(data) > _LARGEST:
        raise Refused("larger than a request may be")
    try:
        packet = AcctPacket(packet=data, secret=secret)
    except PacketError:
        raise Refused("no RADIUS") from None
    if packet.code not in {_ACCOUNTING, _STATUS}:
        raise Refused("no accounting request")
    signed = packet.VerifyAcctRequest()
    if signed and packet.message_authenticator and packet.code == _ACCOUNTING:
        signed = packet.verify_message_authenticator()
    if not signed:
        raise Refused("not signed with the secret")
    word = Word(kind=None) if packet.code == _STATUS else _word(packet)
    return word, bytes(packet.CreateReply().ReplyPacket())


def _word(packet: Any) -> Word:
    status = _number(packet, _KIND)
    if status is None:
        raise Refused("no status")
    if status not in set(Kind):
        return Word(kind=None)  # of tunnels, say: answered, or it would be sent for ever
    kind = Kind(status)
    session = _octets(packet, _SESSION)
    if not session and kind not in {Kind.ON, Kind.OFF}:
        raise Refused("a session without an id")
    return Word(
        kind=kind,
        nas=_octets(packet, _NAS_NAME) or _octets(packet, _NAS_ADDRESS),
        session=session,
        delay=_number(packet, _DELAY) or 0,
        received=_wide(packet, _IN, _IN_HIGH),
        sent=_wide(packet, _OUT, _OUT_HIGH),
        cause=_number(packet, _CAUSE),
        mac=_mac(_octets(packet, _STATION)),
        user=_octets(packet, _USER) or None,
    )


def _octets(packet: Any, code: int) -> bytes:
    values = packet.get(code)
    return bytes(values[0]) if values else b""


def _number(packet: Any, code: int) -> int | None:
    octets = _octets(packet, code)
    return int.from_bytes(octets, "big") if len(octets) == 4 else None


def _wide(packet: Any, low: int, high: int) -> int | None:
    number = _number(packet, low)
    return None if number is None else number + ((_number(packet, high) or 0) << 32)


def _mac(octets: bytes) -> bytes | None:
    try:
        return address(octets.decode("ascii"))
    except ValueError:
        return None
