"""Keeps the tables small while a process runs."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from city.db import Database
from city.errors import Unavailable
from city.identity.settings import Settings
from city.identity.sweep import sweep
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
_ROUNDS: Final = 100  # at most, before others are looked at again


class Keeper:
    """Every process that may run one does: what one deleted is not there for the next."""

    def __init__(self, db: Database, *, clock: Clock, settings: Settings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    async def run(self) -> None:
        """Delete what is over at intervals, for ever."""
        while True:
            try:
                await asyncio.to_thread(self.turn)
            except Unavailable as error:
                _log.warning("what is over waits: %s", error)
            await asyncio.sleep(self._settings.sweep)

    def turn(self) -> int:
        """Delete what is over, in bounded transactions; how many rows. Blocks."""
        done = 0
        for _ in range(_ROUNDS):
            gone = sum(sweep(self._db, self._clock.now(), self._settings).values())
            if not gone:
                break
            done += gone
        return done
