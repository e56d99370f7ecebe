"""How the console asks a port: in a thread, within a limit; one sick part leaves the page standing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import anyio
import msgspec
from anyio import to_thread

from console.errors import Slow

T = TypeVar("T")
LIMIT: Final = 3.0  # seconds: longer than any healthy answer, shorter than a reader's patience
PATIENT: Final = 50.0  # seconds: what a program waits for a year's aggregate or a large replay
_PLACES: Final = (
    16  # calls at once; a part that hangs fills them, and then further calls fail at once after LIMIT
)
_log: Final = logging.getLogger(__name__)


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A part's answer, or why there is none."""

    value: T | None = None
    trouble: str = ""


class Asker:
    """Calls blocking ports."""

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._places = anyio.CapacityLimiter(_PLACES)

    async def ask(self, part: str, call: Callable[[], T]) -> T:
        """The port's answer. Raises the port's errors, or Slow."""
        try:
            async with asyncio.timeout(self._limit):
                return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._places)
        except TimeoutError:
            raise Slow(part, self._limit) from None

    async def attempt(self, part: str, call: Callable[[], T]) -> Answer[T]:
        """The port's answer as a value, or its error as a sentence: the rest of the page stands."""
        try:
            return Answer(value=await self.ask(part, call))
        except Exception as error:  # noqa: BLE001 - whatever one part raises, the others are shown, and this one says so
            _log.warning("%s did not answer: %r", part, error)
            return Answer(trouble=str(error) or type(error).__name__)
