"""Reads sources side by side, each within a limit: one that fails or hangs leaves the others alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from edge.recorder import Reading
from edge.station import Source
from runtime.logs import clean
from runtime.service import Health

_log: Final = logging.getLogger(__name__)


class Reader:
    """All sources of one agent. A read that hangs is not begun again before it has ended."""

    def __init__(self, sources: Sequence[Source], health: Health, *, patience: float) -> None:
        self._sources = tuple(sources)
        self._health = health
        self._patience = patience  # seconds
        self._running: dict[str, asyncio.Task[list[Reading]]] = {}
        self._failing: set[str] = set()

    async def read(self) -> list[Reading]:
        """What all show now; what fails is absent, and told of once."""
        for source in self._sources:
            if source.name not in self._running:
                self._running[source.name] = asyncio.create_task(source.read(), name=f"read {source.name}")
        if not self._running:
            return []
        await asyncio.wait(self._running.values(), timeout=self._patience)
        return [reading for source in self._sources for reading in self._taken(source.name)]

    def close(self) -> None:
        """Leave alone what still hangs."""
        for task in self._running.values():
            task.cancel()

    def _taken(self, name: str) -> list[Reading]:
        task = self._running[name]
        if not task.done():
            self._say(name, f"gives no answer within {self._patience:g} s")
            return []
        del self._running[name]
        try:
            readings = task.result()
        except OSError as error:
            self._say(name, clean(error))
            return []
        if name in self._failing:
            self._failing.remove(name)
            _log.info("%s can be read again", name)
        self._health.set(name, True)
        return readings

    def _say(self, name: str, reason: str) -> None:
        self._health.set(name, False, reason)
        if name not in self._failing:
            self._failing.add(name)
            _log.warning("%s cannot be read: %s", name, reason)
