"""All sources of a node read at once: each at its own pace, within its own limit, holding up no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from edge.recorder import Reading
from edge.station import Source
from edge.wifi.book import Book
from edge.wifi.faults import place
from runtime.clock import Clock
from runtime.logs import clean

_EARLY: Final = 0.5  # seconds by which a reading may be early: samples come a little sooner or later
_log: Final = logging.getLogger(__name__)


class Part:
    """One source and its limits."""

    def __init__(self, source: Source, *, every: float = 0.0, patience: float = 5.0) -> None:
        self.source = source
        self.every = every  # seconds from reading to reading; 0: at each sample
        self.patience = patience  # seconds until a reading counts as failed
        self.due: float | None = None
        self.running: asyncio.Task[list[Reading]] | None = None
        self.failing = False


class Together:
    """One source made of many. What is not there after `grace` seconds comes with the sample after."""

    name = "wifi"

    def __init__(
        self, parts: Sequence[Part], clock: Clock, *, book: Book | None = None, grace: float = 1.0
    ) -> None:
        self._parts = parts
        self._clock = clock
        self._book = book
        self._grace = grace

    async def read(self) -> list[Reading]:
        """What was read since the call before, and of each source whether it could be read."""
        for part in self._parts:
            self._start(part)
        running = {part.running for part in self._parts if part.running}
        if running:
            await asyncio.wait(running, timeout=self._grace)
        readings = []
        for part in self._parts:
            if part.running and part.running.done():
                readings += part.running.result()
                part.running = None
        if self._book:  # before they are told, so that a count never goes back
            await self._book.keep()
        return readings

    def associated(self) -> Iterable[bytes]:
        """Addresses of the clients of all sources that know them now; who cannot be read knows none."""
        return self._known("associated")

    def users(self) -> Iterable[bytes]:
        """Names of the users of all sources that know them."""
        return self._known("users")

    def _known(self, what: str) -> set[bytes]:
        asked = (getattr(part.source, what, None) for part in self._parts if not part.failing)
        return {one for known in asked if known for one in known()}

    async def close(self) -> None:
        """End what still runs, and what the sources hold open."""
        running: list[asyncio.Task[Any]] = [part.running for part in self._parts if part.running]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for part in self._parts:
            close = getattr(part.source, "close", None)
            if close:
                await close()

    def _start(self, part: Part) -> None:
        now = self._clock.monotonic()
        if part.running or (part.due is not None and now < part.due - _EARLY):
            return
        begun = now if part.due is None or now - part.due > part.every else part.due
        part.due = begun + part.every
        part.running = asyncio.create_task(self._read(part), name=part.source.name)

    async def _read(self, part: Part) -> list[Reading]:
        began = self._clock.monotonic()
        why = ""
        readings: list[Reading] = []
        try:
            async with asyncio.timeout(part.patience):
                readings = await part.source.read()
        except TimeoutError:
            why = f"no answer within {part.patience:g} s"
        except OSError as error:
            why = clean(error) or type(error).__name__
        except Exception as error:  # noqa: BLE001  # a fault of ours in one source; the others go on
            why = place(error)
        self._tell(part, why)
        where = part.source.name
        if why:
            return [Reading(metric="source.up", value=0.0, instance=where)]
        took = (self._clock.monotonic() - began) * 1_000
        return [
            *readings,
            Reading(metric="source.up", value=1.0, instance=where),
            Reading(metric="source.time", value=round(took, 3), instance=where),
        ]

    def _tell(self, part: Part, why: str) -> None:
        if why and not part.failing:
            _log.warning("%s cannot be read: %s", part.source.name, why)
        elif part.failing and not why:
            _log.info("%s can be read again", part.source.name)
        part.failing = bool(why)
