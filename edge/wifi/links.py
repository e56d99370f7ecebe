"""A foreign device's network interfaces as readings, whatever protocol told of them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.network import part
from edge.recorder import Reading
from edge.wifi.rates import Rates


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One interface as read now; None where the device does not tell."""

    name: str
    up: bool | None = None
    enabled: bool | None = None  # whether its administrator wants it up
    speed: float | None = None  # Mbit/s
    received: int | None = None  # bytes
    sent: int | None = None  # bytes
    packets_received: int | None = None
    packets_sent: int | None = None
    errors: int | None = None  # both ways
    drops: int | None = None  # both ways
    width: int = 64  # bits of the byte counters
    since: int = 0  # when the counters began; another value: they began anew


_NUMBERS = (
    ("network.received", "received"),
    ("network.sent", "sent"),
    ("network.packets.received", "packets_received"),
    ("network.packets.sent", "packets_sent"),
    ("network.errors", "errors"),
    ("network.drops", "drops"),
)


def readings(device: str, link: Link, rates: Rates, at: float) -> Iterator[Reading]:
    """What is known of an interface, and how much it carried since the reading before (`at` is monotonic)."""
    where = part(f"{device}/{link.name}")
    for metric, field in _NUMBERS:
        value = getattr(link, field)
        if value is not None:
            yield Reading(metric=metric, value=float(value), instance=where)
    for metric, flag in (("network.up", link.up), ("network.enabled", link.enabled)):
        if flag is not None:
            yield Reading(metric=metric, value=flag, instance=where)
    if link.speed:
        yield Reading(metric="network.speed", value=link.speed, instance=where)
    fastest = {"fastest": link.speed * 1.1e6} if link.speed and link.width < 64 else {}  # framing counts too
    for metric, octets in (("network.rate.received", link.received), ("network.rate.sent", link.sent)):
        if octets is not None:
            rate = rates.bits(f"{where} {metric} {link.since}", octets, at, width=link.width, **fastest)
            if rate is not None:
                yield Reading(metric=metric, value=rate, instance=where)
