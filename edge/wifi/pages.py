"""What a visitor's browser meets: a captive portal in the way, and how fast a page comes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final
from urllib.parse import urlsplit

from edge.network import part
from edge.recorder import Reading
from edge.wifi.request import Connection
from edge.wifi.settings import Download, Portal
from runtime.clock import Clock

_LEAST: Final = 10_000  # bytes; of fewer no rate can be told
_GOOD: Final = range(200, 207)  # statuses of a download that is the one asked for


class Page:
    """Source that asks for a page whose answer is known. Where another answers, a portal is in the way."""

    def __init__(self, chosen: Portal, clock: Clock, *, patience: float) -> None:
        self.name = where(chosen.url)
        self._chosen = chosen
        self._clock = clock
        self._patience = patience

    async def read(self) -> list[Reading]:
        """Whether anything answered, after how long, and whether it was who was asked."""
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._patience), Connection(self._chosen.url) as connection:
                status = await _status(connection)
        except (OSError, TimeoutError):
            return [Reading(metric="reachability.up", value=0.0, instance=self.name)]
        took = (self._clock.monotonic() - began) * 1_000
        is_open = float(status == self._chosen.status)
        return [
            Reading(metric="reachability.up", value=1.0, instance=self.name),
            Reading(metric="reachability.time", value=round(took, 3), instance=self.name),
            Reading(metric="reachability.open", value=is_open, instance=self.name),
        ]


class Throughput:
    """Source that times a download of a bounded number of bytes. What is too little to tell is absent."""

    def __init__(self, chosen: Download, clock: Clock) -> None:
        self.name = where(chosen.url)
        self._chosen = chosen
        self._clock = clock

    async def read(self) -> list[Reading]:
        """The rate from the first byte on, of what came within the limits of bytes and time."""
        size, began, ended = 0, 0.0, 0.0
        good = False
        try:
            async with (
                asyncio.timeout(self._chosen.patience),
                Connection(self._chosen.url) as connection,
                contextlib.aclosing(connection.stream()) as answer,
            ):
                async for status, piece in answer:
                    ended = self._clock.monotonic()
                    began = began if good else ended
                    good = status in _GOOD
                    size += len(piece)
                    if not good or size >= self._chosen.limit_bytes:
                        break
        except TimeoutError:
            ended = self._clock.monotonic()
        except OSError:
            good = False
        readings = [Reading(metric="reachability.up", value=float(good), instance=self.name)]
        if good and size >= _LEAST and ended > began:
            rate = size * 8 / (ended - began)
            readings.append(Reading(metric="reachability.throughput", value=rate, instance=self.name))
        return readings


def where(url: str) -> str:
    """The instance of a URL: scheme, host and path."""
    parts = urlsplit(url)
    return part(f"{parts.scheme}:{parts.netloc}{parts.path}")


async def _status(connection: Connection) -> int:
    async with contextlib.aclosing(connection.stream()) as answer:
        async for status, _ in answer:
            return status
    raise OSError("no answer")
