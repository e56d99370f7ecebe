"""An access point that runs OpenWrt: its clients, channels, interfaces and load, by ubus."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import msgspec

from edge.network import part
from edge.recorder import Reading
from edge.wifi import channel, links
from edge.wifi.counts import Counts
from edge.wifi.rates import Rates
from edge.wifi.stations import Seen, address
from edge.wifi.tracking import Track
from edge.wifi.ubus import Refused, Ubus
from runtime.clock import Clock

T = TypeVar("T")
_RADIOS: Final = 32  # hostapd objects of one access point that are read
_LINKS: Final = 64  # interfaces of one access point that are read
_LONGEST: Final = 56  # characters of a radio's instance: what is told of its parts comes behind


class _Moved(msgspec.Struct):
    rx: int | None = None
    tx: int | None = None


class _Client(msgspec.Struct):
    assoc: bool = True
    authorized: bool | None = None
    signal: float | None = None
    bytes: _Moved = msgspec.field(default_factory=_Moved)
    packets: _Moved = msgspec.field(default_factory=_Moved)


class _Clients(msgspec.Struct):
    freq: int | None = None
    clients: dict[str, _Client] = {}


class _Sent(msgspec.Struct):
    packets: int | None = None
    retries: int | None = None
    failed: int | None = None


class _Associated(msgspec.Struct):
    mac: str
    connected_time: float | None = None
    tx: _Sent = msgspec.field(default_factory=_Sent)


class _List(msgspec.Struct):
    results: list[_Associated] = []


class _Survey(msgspec.Struct):
    mhz: int
    noise: float | None = None
    active_time: int | None = None
    busy_time: int | None = None


class _Surveys(msgspec.Struct):
    results: list[_Survey] = []


class _Statistics(msgspec.Struct):
    rx_bytes: int | None = None
    tx_bytes: int | None = None
    rx_packets: int | None = None
    tx_packets: int | None = None
    rx_errors: int = 0
    tx_errors: int = 0
    rx_dropped: int = 0
    tx_dropped: int = 0


class _Device(msgspec.Struct):
    up: bool | None = None
    carrier: bool | None = None
    speed: str | int | None = None
    statistics: _Statistics | None = None


class _Devices(msgspec.Struct):
    devices: list[str] = []


class _Memory(msgspec.Struct):
    total: int | None = None
    available: int | None = None


class _Info(msgspec.Struct):
    uptime: int | None = None
    load: list[float] = []
    memory: _Memory = msgspec.field(default_factory=_Memory)


class OpenWrt:
    """Source of one access point; its radios are instances `name/radio`."""

    def __init__(self, name: str, ubus: Ubus, counts: Counts, clock: Clock, *, flap: float = 30.0) -> None:
        self.name = name
        self._ubus = ubus
        self._counts = counts
        self._clock = clock
        self._flap = flap
        self._tracks: dict[str, Track] = {}
        self._used: dict[str, channel.Use] = {}
        self._rates = Rates()
        self._uptime = 0

    async def read(self) -> list[Reading]:
        """Everything that the account may see. Raises OSError where that is nothing."""
        try:
            info = await self._may("system", "info", _Info)
            found = list(self._load(info)) if info else []
            for path in (await self._radios())[:_RADIOS]:
                found += await self._radio(path)
            found += await self._network()
        finally:
            self._ubus.close()  # an idle connection may be dropped without a word
        if not found:
            raise OSError(
                "the account may see nothing: give it an ACL for hostapd, iwinfo and network.device"
            )
        return found

    def associated(self) -> Iterable[bytes]:
        return {mac for track in self._tracks.values() for mac in track.associated()}

    async def close(self) -> None:
        """Let go of the connection."""
        self._ubus.close()

    async def _may(self, path: str, method: str, kind: type[T], **arguments: object) -> T | None:
        """What a method returns; None where this access point has it not, or not for us."""
        with contextlib.suppress(Refused):
            return await self._ubus.call(path, method, kind, **arguments)
        return None

    async def _radios(self) -> list[str]:
        """What hostapd serves; where objects may not be listed, what iwinfo knows."""
        with contextlib.suppress(Refused):
            return await self._ubus.objects("hostapd.*")
        known = await self._may("iwinfo", "devices", _Devices)
        return [f"hostapd.{name}" for name in known.devices] if known else []

    async def _radio(self, path: str) -> list[Reading]:
        device = path.removeprefix("hostapd.")
        told = await self._may(path, "get_clients", _Clients)
        if told is None:
            return []
        more = await self._may("iwinfo", "assoclist", _List, device=device)
        surveys = await self._may("iwinfo", "survey", _Surveys, device=device)
        where = part(f"{self.name}/{device}")[:_LONGEST]
        track = self._tracks.get(where)
        if track is None:
            track = self._tracks[where] = Track(where, self._counts, self._clock, flap=self._flap)
        readings = track.take(seen(told, more))
        if surveys:
            use = used(told, surveys)
            if use:
                readings += channel.readings(where, use, self._used.get(where))
                self._used[where] = use
        return readings

    async def _network(self) -> list[Reading]:
        devices = await self._may("network.device", "status", dict[str, _Device])
        if devices is None:
            return []
        now = self._clock.monotonic()
        return [
            reading
            for name, device in list(devices.items())[:_LINKS]
            if name != "lo" and device.statistics
            for reading in links.readings(self.name, _link(name, device, device.statistics), self._rates, now)
        ]

    def _load(self, info: _Info) -> Iterator[Reading]:
        self._rates.begin(restarted=info.uptime is not None and info.uptime < self._uptime)
        if info.uptime is not None:
            self._uptime = info.uptime
            yield Reading(metric="host.uptime", value=float(info.uptime), instance=self.name)
        if info.load:
            yield Reading(metric="cpu.load", value=info.load[0] / 65_536, instance=self.name)
        total, available = info.memory.total, info.memory.available
        if total and available is not None and 0 <= available <= total:
            share = 1 - available / total
            yield Reading(metric="memory.total", value=float(total), instance=self.name)
            yield Reading(metric="memory.available", value=float(available), instance=self.name)
            yield Reading(metric="memory.utilization", value=share, instance=self.name)


def seen(told: _Clients, more: _List | None) -> Iterator[Seen]:
    """Clients as hostapd tells of them, with what iwinfo adds; what has no address is passed over."""
    known = {one.mac.lower(): one for one in more.results} if more else {}
    for text, client in told.clients.items():
        with contextlib.suppress(ValueError):
            mac = address(text)
            if not client.assoc:
                continue
            extra = known.get(text.lower())
            yield Seen(
                mac=mac,
                signal=client.signal,
                authorized=client.authorized,
                connected=extra.connected_time if extra else None,
                received=client.bytes.rx,
                sent=client.bytes.tx,
                frames=extra.tx.packets if extra else None,
                retried=extra.tx.retries if extra else None,
                failed=extra.tx.failed if extra else None,
            )


def used(told: _Clients, surveys: _Surveys) -> channel.Use | None:
    """Use of the channel that the radio is on."""
    for one in surveys.results:
        if one.mhz == told.freq:
            noise = one.noise
            return channel.Use(
                frequency=one.mhz,
                noise=noise - 256 if noise and noise > 127 else noise,  # some builds tell the octet unsigned
                active=one.active_time,
                busy=one.busy_time,
            )
    return None


def _link(name: str, device: _Device, count: _Statistics) -> links.Link:
    digits = str(device.speed or "").rstrip("FH")
    return links.Link(
        name=name,
        up=device.carrier if device.carrier is not None else device.up,
        enabled=device.up,
        speed=float(digits) if digits.isdigit() else None,
        received=count.rx_bytes,
        sent=count.tx_bytes,
        packets_received=count.rx_packets,
        packets_sent=count.tx_packets,
        errors=count.rx_errors + count.tx_errors,
        drops=count.rx_dropped + count.tx_dropped,
    )
