"""Counters of this machine's network interfaces, and rates made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.network import interfaces, part
from edge.recorder import Reading
from edge.wifi.rates import Rates
from runtime.clock import Clock

_RATES: Final = {
    "network.received": "network.rate.received",
    "network.sent": "network.rate.sent",
}
_WIRELESS: Final = Path("/proc/net/wireless")


def radios(path: Path = _WIRELESS) -> Iterator[Reading]:
    """Signal and quality of each radio that is a client, from the kernel's table; nothing where none is."""
    try:
        lines = path.read_text().splitlines()[2:]
    except OSError:
        return
    for line in lines:
        name, _, rest = line.partition(":")
        fields = rest.split()
        if len(fields) < 3:
            continue
        quality, signal = (float(field.rstrip(".")) for field in fields[1:3])
        yield Reading(metric="wifi.quality", value=min(1.0, quality / 70), instance=part(name.strip()))
        yield Reading(metric="wifi.signal", value=signal, instance=part(name.strip()))


class Counters:
    """Source of the counters."""

    name = "counters"

    def __init__(self, wanted: tuple[str, ...], clock: Clock) -> None:
        self._wanted = wanted
        self._clock = clock
        self._rates = Rates()

    async def read(self) -> list[Reading]:
        """All counters as they stand, and how much was carried since the reading before."""
        found = await asyncio.to_thread(lambda: [*interfaces(self._wanted), *radios()])
        return [*found, *self._carried(found, self._clock.monotonic())]

    def _carried(self, found: list[Reading], now: float) -> Iterator[Reading]:
        self._rates.begin()
        for one in found:
            metric = _RATES.get(one.metric)
            if metric and isinstance(one.value, float):
                rate = self._rates.bits(f"{metric} {one.instance}", int(one.value), now)
                if rate is not None:
                    yield Reading(metric=metric, value=rate, instance=one.instance)
