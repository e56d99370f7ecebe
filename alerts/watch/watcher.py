"""Looks whether probes still reach the desk, and has people told where they do not.

It stands on nothing that it watches: it reads the desk's own book, and asks for notices itself. An alert
about a broken path would have to take that path.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import Connection

from alerts.routes import WORK
from alerts.watch.settings import Settings
from alerts.watch.silence import Silence, What, Word
from city.db import Database
from city.errors import Unavailable
from city.identity.caller import EVERYWHERE
from city.identity.holders import Holders
from city.notifications import Notice, Notices
from city.schedule.opaque import Value
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
Newest = Callable[[Connection], int | None]  # µs UTC at which the newest probe arrived at the desk


class Watcher:
    """One process's watch. Several may run: a person is told the same news once."""

    def __init__(
        self,
        db: Database,
        newest: Newest,
        *,
        notices: Notices,
        holders: Holders,
        clock: Clock,
        settings: Settings,
        registry: CollectorRegistry,
    ) -> None:
        self._db = db
        self._newest = newest
        self._notices = notices
        self._holders = holders
        self._clock = clock
        self._settings = settings
        self._silence = Silence(settings.silence)
        self._unsaid: list[Word] = []  # for which the database was away
        self._age = Gauge(
            "imm_watch_probe_age_seconds", "Since the newest probe reached the desk", registry=registry
        )
        self._silences = Counter(
            "imm_watch_silences", "How often no probe came for too long", registry=registry
        )
        self.trouble = ""  # why the path is not known to be whole; empty while it is

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._settings.look)

    async def look(self) -> None:
        """Look once, and have told what is news."""
        try:
            newest = await asyncio.to_thread(self._read)
        except Unavailable as error:
            self.trouble = f"the desk's book cannot be read: {error}"
            return
        word = self._silence.see(newest, self._clock.monotonic())
        self._age.set(self._silence.age)
        if word is not None:
            self._unsaid.append(word)
            self._note(word)
        self.trouble = (
            f"no probe has reached the desk for {self._silence.age:.0f} s" if self._silence.silent else ""
        )
        try:
            while self._unsaid:
                await asyncio.to_thread(self._tell, self._unsaid[0])
                del self._unsaid[0]
        except Unavailable as error:
            _log.warning("nobody is told of the path yet: %s", error)

    def _note(self, word: Word) -> None:
        if word.what is What.SILENT:
            self._silences.inc()
            _log.error(
                "no probe has reached the desk for %g s: alerts may not either", self._settings.silence
            )
        else:
            _log.warning("probes reach the desk again")

    def _read(self) -> int | None:
        with self._db.read() as tx:
            return self._newest(tx)

    def _tell(self, word: Word) -> None:
        """Ask for a notice to each who works on alerts; one for the same news, whoever asks."""
        data: dict[str, Value] = {"since": word.since}
        if word.what is What.BACK:
            data["until"] = word.until
        with self._db.begin() as tx:
            for holder in self._holders.of(tx, WORK, EVERYWHERE):
                self._notices.ask(
                    tx,
                    Notice(
                        template=f"watch.{word.what}",
                        person=holder.id,
                        data=data,
                        key=f"watch/{word.what}/{word.since}",
                    ),
                )
