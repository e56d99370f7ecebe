"""The teller: what became of commands, told until the broker has taken it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from contracts import commands
from contracts.commands import ENDS, Result
from contracts.topics import Channel, Device
from edge.commands.errors import Unkept
from edge.commands.journal import Journal
from runtime.mqtt import Ask, Denied, Handler, Lost

_PATIENCE: Final = 20.0  # seconds for the broker to take a result
_STEP: Final = 0.2  # seconds between tellings of progress: steps that a desk can follow
_PAUSE: Final = 1.0  # seconds after a fault
_log: Final = logging.getLogger(__name__)


class Client(Protocol):
    """What commands need of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...
    def on_connect(self, callback: Callable[[], None]) -> None: ...
    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        content_type: str = "",
        ask: Ask | None = None,
    ) -> None: ...


class Teller:
    """Results from the journal to the broker, for as long as `run` runs."""

    def __init__(self, client: Client, device: Device, journal: Journal) -> None:
        self._client = client
        self._device = device
        self._journal = journal
        self._untold = asyncio.Event()

    def wake(self) -> None:
        """There is something to tell."""
        self._untold.set()

    async def run(self) -> None:
        """Tell what the broker has not taken, of one command only the newest, until cancelled."""
        self._client.on_connect(self.wake)
        self.wake()
        while True:
            await self._untold.wait()
            await self._client.connected.wait()
            self._untold.clear()
            results = await asyncio.to_thread(self._journal.untold)
            try:
                for result in results:
                    await self.publish(result)
                    await asyncio.to_thread(self._journal.told, result.id, result.number)
            except (Lost, TimeoutError):
                self._untold.set()
                await asyncio.sleep(0.05)  # the client is about to see that it is not connected
                continue
            except (Denied, Unkept) as error:
                _log.warning("results are told later: %s", error)
                self._untold.set()
                await asyncio.sleep(_PAUSE)
                continue
            if results:
                self._untold.set()  # there may be more, or newer
            if any(result.state not in ENDS for result in results):
                await asyncio.sleep(_STEP)

    async def publish(self, result: Result) -> None:
        """Tell one result now. Raises mqtt.Failure, TimeoutError."""
        async with asyncio.timeout(_PATIENCE):
            await self._client.publish(
                self._device.topic(Channel.RESULT),
                commands.encode(result),
                content_type="application/json",
                ask=Ask(correlation=result.id.encode()),
            )
