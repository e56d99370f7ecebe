"""The roster: which devices there are, where they stand and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from contracts.errors import Refused
from contracts.topics import PLATFORM, Device, Kind, name


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Planned maintenance, start ≤ t < end (µs UTC)."""

    start: int
    end: int
    reason: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the city knows it."""

    device: str
    kind: Kind
    site: str
    title: str = ""  # for people: `Kiosk gerbang timur`
    longitude: float | None = None  # degrees, WGS 84
    latitude: float | None = None
    floor: str = ""
    operator: str = ""  # Indosat, Telkomsel, …
    labels: dict[str, str] = {}
    names: tuple[str, ...] = ()  # SenML base names besides our own under which it may speak
    maintenance: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        name("device", self.device)
        name("site", self.site)

    @property
    def address(self) -> Device:
        """The device's place in the topic grammar."""
        return Device(site=self.site, kind=self.kind, device=self.device)

    def speaks_as(self, address: Device) -> bool:
        """Whether what comes from an address is its own word."""
        return address == self.address

    def maintained(self, time: int) -> bool:
        """Whether the device is under planned maintenance at an instant (µs UTC)."""
        return any(window.start <= time < window.end for window in self.maintenance)


class Producer(Entry, frozen=True, kw_only=True):
    """One of the platform's own, which judges devices of every site and tells of its losses at each."""

    kind: Kind = Kind.CITY
    site: str = PLATFORM

    def __post_init__(self) -> None:
        name("device", self.device)

    def speaks_as(self, address: Device) -> bool:
        return (address.kind, address.device) == (self.kind, self.device)


class Reader(Protocol):
    """How everyone asks about devices; answers from memory."""

    def get(self, device: str) -> Entry | None:
        """One device, or None where it is unknown."""
        ...

    def list(self, *, site: str = "", kind: Kind | None = None) -> list[Entry]:
        """Known devices in order of (site, kind, device)."""
        ...


class Live(Reader, Protocol):
    """A roster that changes while it is asked."""

    def on_change(self, heard: Callable[[str], None]) -> None:
        """Call with the id of each device that changed, came or went."""
        ...


def encode(entry: Entry) -> bytes:
    """Entry → payload of its retained message, JSON."""
    return msgspec.json.encode(entry)


def decode(payload: bytes) -> Entry:
    """Payload → entry. Raises Refused."""
    try:
        return msgspec.json.decode(payload, type=Entry)
    except msgspec.MsgspecError as error:
        raise Refused("roster", payload, str(error)) from None
