"""This machine's own access points: clients and channel use from the kernel (nl80211)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from edge.network import part
from edge.recorder import Reading
from edge.wifi.channel import Use, readings
from edge.wifi.counts import Counts
from edge.wifi.netlink import Generic
from edge.wifi.stations import Seen, address
from edge.wifi.tracking import Track
from runtime.clock import Clock

_GET_INTERFACE, _GET_STATION, _GET_SURVEY = 5, 17, 50
_SERVING: Final = {3, 4, 7}  # kinds of interfaces that have clients: access point, its VLANs, mesh point
Wire = Callable[[], socket.socket | None]


class Linux:
    """Source of the machine's own radios."""

    name = "linux"

    def __init__(
        self,
        wanted: tuple[str, ...],
        counts: Counts,
        clock: Clock,
        *,
        flap: float = 30.0,
        wire: Wire = lambda: None,
    ) -> None:
        self._wanted = wanted
        self._counts = counts
        self._clock = clock
        self._flap = flap
        self._wire = wire
        self._tracks: dict[str, Track] = {}
        self._used: dict[str, Use] = {}

    async def read(self) -> list[Reading]:
        """All radios as they are now. Raises OSError where the kernel has none."""
        found = await asyncio.to_thread(self._look)
        return [reading for name, seen, use in found for reading in self._told(name, seen, use)]

    def associated(self) -> Iterable[bytes]:
        return {mac for track in self._tracks.values() for mac in track.associated()}

    def _look(self) -> list[tuple[str, list[Seen], Use | None]]:
        from pyroute2.netlink.nl80211 import nl80211cmd

        with Generic("nl80211", nl80211cmd, wire=self._wire()) as kernel:
            found = []
            for index, name in list(_radios(kernel.dump(_GET_INTERFACE, {}))):
                if self._wanted and name not in self._wanted:
                    continue
                where = {"NL80211_ATTR_IFINDEX": index}
                seen = list(stations(kernel.dump(_GET_STATION, where)))
                found.append((name, seen, _survey(kernel, where)))
        if not found:
            raise OSError("no interface serves clients")
        return found

    def _told(self, name: str, seen: list[Seen], use: Use | None) -> Iterator[Reading]:
        where = part(name)
        track = self._tracks.get(where)
        if track is None:
            track = self._tracks[where] = Track(where, self._counts, self._clock, flap=self._flap)
        yield from track.take(seen)
        if use:
            yield from readings(where, use, self._used.get(where))
            self._used[where] = use


def _survey(kernel: Generic, where: Mapping[str, object]) -> Use | None:
    """Use of the channel, where the driver tells it."""
    try:
        return used(kernel.dump(_GET_SURVEY, where))
    except TimeoutError:
        raise
    except OSError:
        return None


def _radios(messages: Iterable[Any]) -> Iterator[tuple[int, str]]:
    """Index and name of each interface that serves clients."""
    for message in messages:
        name = message.get_attr("NL80211_ATTR_IFNAME")
        index = message.get_attr("NL80211_ATTR_IFINDEX")
        if name and index is not None and message.get_attr("NL80211_ATTR_IFTYPE") in _SERVING:
            yield index, name


def stations(messages: Iterable[Any]) -> Iterator[Seen]:
    """Clients of a dump of stations; a message without address or figures is passed over."""
    for message in messages:
        mac, info = message.get_attr("NL80211_ATTR_MAC"), message.get_attr("NL80211_ATTR_STA_INFO")
        if not mac or info is None:
            continue

        def told(name: str, info: Any = info) -> Any:
            return info.get_attr(f"NL80211_STA_INFO_{name}")

        wide = told("RX_BYTES64") is not None and told("TX_BYTES64") is not None
        flags = told("STA_FLAGS")
        yield Seen(
            mac=address(mac),
            signal=_float(told("SIGNAL")),
            authorized=None if flags is None else bool(flags.get("AUTHORIZED")),
            connected=_float(told("CONNECTED_TIME")),
            received=told("RX_BYTES64") if wide else told("RX_BYTES"),
            sent=told("TX_BYTES64") if wide else told("TX_BYTES"),
            frames=told("TX_PACKETS"),
            retried=told("TX_RETRIES"),
            failed=told("TX_FAILED"),
            narrow=not wide,
        )


def used(messages: Iterable[Any]) -> Use | None:
    """Use of the channel that the radio is on, of a dump of surveys; None where none is in use."""
    for message in messages:
        info = message.get_attr("NL80211_ATTR_SURVEY_INFO")
        if info is None or not info.get_attr("NL80211_SURVEY_INFO_IN_USE"):
            continue
        noise = info.get_attr("NL80211_SURVEY_INFO_NOISE")
        return Use(
            frequency=info.get_attr("NL80211_SURVEY_INFO_FREQUENCY"),
            noise=None if noise is None else _signed(noise),
            active=info.get_attr("NL80211_SURVEY_INFO_TIME"),
            busy=info.get_attr("NL80211_SURVEY_INFO_TIME_BUSY"),
        )
    return None


def _signed(octet: int) -> float:
    return float(octet - 256 if octet > 127 else octet)


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
