"""The day's site key on this device: fetched, kept in memory, forgotten with its day."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from contracts import instants, sitekeys
from contracts.errors import Refused
from contracts.sitekeys import Answer, Key, Refusal
from edge.visitors.hashing import Hasher
from runtime.clock import Clock
from runtime.logs import clean

EVERY: Final = 600.0  # seconds between questions: so soon a holder that started again is noticed
_LEAST, _MOST = 2.0, 300.0  # seconds of pause after a failure, longer each time
_KINDEST: Final = 3_600.0  # seconds that a holder may send us away for
Asking = Callable[[tuple[str, ...]], Awaitable[Answer | Refusal]]
_log: Final = logging.getLogger(__name__)


class Held:
    """One key of one day."""

    def __init__(self, key: Key) -> None:
        self.id = key.id
        self.day = key.day
        self.hasher = Hasher(key.secret)


class Keys:
    """Keys of this site, today's and soon the next day's. One thread."""

    def __init__(
        self, asking: Asking, clock: Clock, *, site: str, jitter: Callable[[], float] = random.random
    ) -> None:
        self.reason = "no key yet"  # why there is none; empty where there is
        self._asking = asking
        self._clock = clock
        self._site = site
        self._jitter = jitter
        self._held: dict[str, Held] = {}  # by day
        self._failures = 0

    def at(self, time: int) -> Held | None:
        """The key of the day in which an instant lies."""
        return self._held.get(sitekeys.day_of(time))

    async def run(self) -> None:
        """Ask again and again, for ever; forget everything at the end."""
        try:
            while True:
                pause = await self.turn()
                await asyncio.sleep(pause)
        finally:
            self.wipe()

    async def turn(self) -> float:
        """Ask once; return after how many seconds to ask again."""
        self._forget()
        known = tuple(held.id for held in self._held.values())
        try:
            answer = await self._asking(known)
            if isinstance(answer, Refusal):
                return self._failed(f"refused: {answer.reason}: {answer.text}", after=answer.after)
            self._take(answer)
        except (OSError, Refused) as error:  # a time-out and TLS's are OSErrors
            return self._failed(str(error) or type(error).__name__)
        if self.at(self._clock.now()) is None:
            return self._failed("the holder has no key for this day: one of the two clocks is wrong")
        self.reason = ""
        self._failures = 0
        return EVERY

    def wipe(self) -> None:
        """Forget everything."""
        for held in self._held.values():
            held.hasher.wipe()
        self._held.clear()

    def _take(self, answer: Answer) -> None:
        for key in answer.keys:
            if key.site != self._site:
                raise Refused("site", key.site, f"this device stands in {self._site}")
            held = self._held.get(key.day)
            if key.day < self._oldest() or (held is not None and held.id == key.id):
                continue
            if not key.secret:
                raise Refused("secret", key.id, "missing, and this device does not have it")
            self._held[key.day] = Held(key)  # the one before it goes when its interval is over
            _log.info("site key of %s received (%s)", key.day, key.id)

    def _failed(self, why: str, *, after: float = 0.0) -> float:
        self._failures += 1
        reason = clean(why)
        if reason != self.reason:
            _log.warning("no site key: %s", reason)
        self.reason = reason
        longest = min(_MOST, _LEAST * 2.0 ** min(self._failures, 30))
        return max(min(after, _KINDEST), _LEAST) + self._jitter() * longest

    def _forget(self) -> None:
        for day in [day for day in self._held if day < self._oldest()]:
            self._held.pop(day).hasher.wipe()

    def _oldest(self) -> str:
        return sitekeys.day_of(self._clock.now() - instants.HOUR)  # an interval may still be open
