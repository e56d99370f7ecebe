"""A device's executor and its desk on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.brokers.port import Broker, endpoint
from contracts import commands
from contracts.commands import Command, Reboot, Result, RunDiagnostics, State, Type, What
from contracts.instants import MINUTE
from contracts.topics import Channel, Device, Kind
from edge.commands import Executor, Journal
from runtime import ids, mqtt
from runtime.clock import Fake
from tests.fixtures.far import LIMIT, until

Ready = Callable[[Executor], None]


class Scene:
    """One device and a desk that hears what it answers."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.settings = mqtt.Settings(port=endpoint(broker, 5).port, longest_pause=0.2)
        self.device = Device(site=f"s{ids.uuid7(Fake())[-12:]}", kind=Kind.KIOSK, device="k1")
        self.clock = Fake()
        self.file = folder / "commands.db"
        self.heard: list[Result] = []
        self.correlations: list[bytes] = []
        self.done: list[str] = []

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[mqtt.Client]:
        def hear(message: mqtt.Message) -> None:
            message.ack()
            self.heard.append(commands.decode_result(message.payload))
            self.correlations.append(message.ask.correlation)

        async with mqtt.Client(self.settings, client_id=f"{self.device.site}-desk") as client:
            client.subscribe(self.device.topic(Channel.RESULT), hear)
            await client.wait_connected(LIMIT)
            yield client

    @asynccontextmanager
    async def executor(
        self, ready: Ready | None = None, *, boot: str = "b1", limit: float = 60.0
    ) -> AsyncIterator[Executor]:
        journal = Journal(self.file, now=self.clock.now())
        try:
            async with mqtt.Client(self.settings, client_id=f"{self.device.site}-k1") as client:
                executor = Executor(client, self.device, journal, clock=self.clock, boot=boot, limit=limit)
                (ready or self.plain)(executor)
                work = asyncio.create_task(executor.run())
                await client.wait_connected(LIMIT)
                try:
                    yield executor
                finally:
                    work.cancel()
                    await asyncio.wait([work])
        finally:
            journal.close()

    def plain(self, executor: Executor) -> None:
        async def work(command: Command, telling: Any) -> dict[str, Any]:
            self.done.append(command.id)
            return {"n": len(self.done)}

        executor.register(Type.RUN_DIAGNOSTICS, work)
        executor.register(Type.REBOOT, work)

    def command(
        self, key: str, what: What | None = None, *, issued: int = 0, lasts: int = 5 * MINUTE
    ) -> Command:
        start = issued or self.clock.now()
        return Command(id=key, what=what or RunDiagnostics(), issued=start, expires=start + lasts)

    async def send(self, client: mqtt.Client, command: Command, **extra: Any) -> None:
        await client.publish(
            self.device.topic(Channel.COMMAND),
            commands.encode(command),
            ask=mqtt.Ask(self.device.topic(Channel.RESULT), command.id.encode()),
            **extra,
        )

    def ends(self, key: str) -> list[Result]:
        return [one for one in self.heard if one.id == key and one.state in commands.ENDS]

    async def end(self, key: str) -> Result:
        await until(lambda: bool(self.ends(key)))
        return self.ends(key)[-1]

    async def state(self, key: str, state: State) -> None:
        await until(lambda: any(one.id == key and one.state == state for one in self.heard))


@pytest.fixture
def scene(broker: Broker, tmp_path: Path) -> Scene:
    return Scene(broker, tmp_path)


@pytest.fixture
def quick(mosquitto: Broker, tmp_path: Path) -> Scene:
    """On one broker alone: for what no broker has a part in."""
    return Scene(mosquitto, tmp_path)


REBOOT = Reboot(delay=0)
