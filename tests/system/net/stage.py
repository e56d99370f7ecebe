"""One platform, and kiosks whose line to it can be spoilt: each has a site and a relay of its own."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from contracts import topics
from contracts.status import Status, decode
from contracts.topics import Channel, Device, Kind
from runtime import mqtt
from runtime.clock import System
from runtime.mqtt import Message
from simulator.chaos.observer import Observer
from simulator.chaos.stack import Stack
from simulator.relay.commands import Ask, Command, Done, tell
from tests.fixtures.stacks import Book, samples
from tests.system.net.space import Space

LIMIT = 90.0  # seconds in which an effect must appear
LOOK = 0.25  # seconds between looks
PRESENCE = {"IMM_PRESENCE__HOLD": "3", "IMM_PRESENCE__CALM": "2", "IMM_PRESENCE__TICK": "0.5"}
HURRIED = Path(__file__).with_name("hurried.py")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform says of a kiosk in the end."""

    book: Book
    readable: int  # samples that an app can read
    states: tuple[str, ...]  # of its presence, one after another
    alerts: tuple[dict[str, Any], ...]  # about its presence
    statuses: tuple[Status, ...]  # its words and last wills, as the broker gave them
    times: tuple[int, ...]  # µs UTC at which it sampled
    log: str  # of the agent
    relay: Done


class Witness(Observer):
    """Hears statuses too."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: dict[str, list[Status]] = defaultdict(list)
        self.wills: dict[str, bytes] = {}  # device → its last will, as it came

    @property
    def filters(self) -> tuple[str, ...]:
        return (*super().filters, topics.every(Channel.STATUS))

    def handle(self, message: Message) -> None:
        if not message.topic.endswith("/status"):
            super().handle(message)
            return
        message.ack()
        status, device = decode(message.payload), message.topic.split("/")[-2]
        self.statuses[device].append(status)
        if status.reason == "lost":
            self.wills[device] = message.payload


class Stage:
    """The platform, who watches, and the lines."""

    def __init__(self, folder: Path, names: Sequence[str], broker: str) -> None:
        devices = [address(name) for name in names]
        self.stack = Stack(folder, broker=broker, devices=0, others=devices, settings=PRESENCE)
        self.witness = Witness()
        self._http = httpx.Client(base_url=self.stack.api, timeout=60)
        self._client = mqtt.Client(
            mqtt.Settings(port=self.stack.port, longest_pause=0.2), client_id="witness"
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as begun:
            begun.push_async_callback(self.stack.stop)
            begun.callback(self._http.close)
            await self.stack.begin()
            self._http.headers = httpx.Headers(self.stack.ask.headers)
            for topic_filter in self.witness.filters:
                self._client.subscribe(topic_filter, self.witness.handle)
            await begun.enter_async_context(self._client)
            await self._client.wait_connected(LIMIT)
            self._begun = begun.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._begun.aclose()

    def get(self, path: str, **params: str | int) -> Any:
        """What the API answers. Blocks."""
        answer = self._http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def ledger(self) -> dict[str, int]:
        """Sums, as the command line tells them. Blocks."""
        command = [sys.executable, "-m", "app", "ledger", "--api", self.stack.api, "--json"]
        key = self.stack.ask.headers["Authorization"].removeprefix("Bearer ")
        known = {name: value for name, value in os.environ.items() if not name.startswith("IMM_")}
        told = subprocess.run(
            command, check=True, capture_output=True, timeout=LIMIT, env=known | {"IMM_API_KEY": key}
        )
        return dict(msgspec.json.decode(told.stdout)["sums"])

    async def say(self, topic: str, payload: bytes) -> None:
        """Publish as the broker does with a last will."""
        await self._client.publish(topic, payload, retain=True)


class Line:
    """A kiosk, its relay, and what is asked about it."""

    def __init__(self, stage: Stage, name: str, space: Space | None = None) -> None:
        self.stage, self.name = stage, name
        self.device = address(name)
        self.space = space
        self._stack = stage.stack
        self._file = self._stack.folder / f"{name}.toml"
        self._control = self._stack.folder / f"{name}.relay"

    async def begin(self, *, hurried: Sequence[float] = (), **options: float) -> None:
        """Start relay and agent; options as in its file, with `__` for the point."""
        here = self.space.near if self.space else "127.0.0.1"
        place = ["--listen", f"{here}:0", "--to", f"127.0.0.1:{self._stack.port}"]
        self._stack.add(
            f"relay-{self.name}",
            [sys.executable, "-m", "simulator.relay", *place, "--control", str(self._control)],
        )
        await self._stack.begin(f"relay-{self.name}")
        await self.until(self._control.exists)
        port = (await self.relay(Ask())).port
        chosen = {"broker__longest_pause": 0.2, "uplink__patience": 2, "period": 0.5, **options}
        lines = [f"{name.replace('__', '.')} = {value}" for name, value in chosen.items()]
        self._file.write_text(
            f'site = "{self.device.site}"\ndevice = "{self.device.device}"\nprobe = 0\nfarewell = 30\n'
            f'broker.host = "{here}"\nbroker.port = {port}\n'
            f'spool.path = "{self._stack.folder / self.name}.spool"\n'
            f'folder = "{self._stack.folder / self.name}-home"\n' + "\n".join(lines)
        )
        command = [sys.executable, "-m", "edge", "kiosk", "--config", str(self._file)]
        if hurried:
            command = [sys.executable, str(HURRIED), str(self._file), *map(str, hurried)]
        self._stack.add(self.name, self.space.inside(command) if self.space else command)
        await self._stack.begin(self.name)

    async def relay(self, command: Command) -> Done:
        """Spoil the line, or mend it."""
        done = await asyncio.to_thread(tell, self._control, command)
        assert not done.error, done.error
        return done

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for a condition, which may block."""
        try:
            async with asyncio.timeout(LIMIT):
                while not await asyncio.to_thread(condition):
                    await asyncio.sleep(LOOK)
        except TimeoutError as error:
            raise TimeoutError(await asyncio.to_thread(self._plight)) from error

    async def flows(self) -> None:
        """Wait until a sample of a later time than now is stored, and presence knows that it is there."""
        now = System().now()
        await self.until(lambda: self.times(now) and self.presence()["state"] == "online")

    async def told(self) -> None:
        """Wait until alerts has heard that it is gone."""
        await self.until(lambda: self.presence()["raised"])

    async def over(self) -> None:
        """Wait until alerts has heard that it is back."""
        await self.until(lambda: {bool(alert["resolved"]) for alert in self.alerts()} == {True})

    async def late(self) -> None:
        """Its last will once more, now that it is back: from a bridge, or a broker that took its time."""
        will = self.stage.witness.wills[self.device.device]
        await self.stage.say(self.device.topic(Channel.STATUS), will)

    async def hurry(self) -> None:
        """Have its own time pass, and return when it has."""
        self._stack.send(self.name, signal.SIGUSR1)
        await self.until(self._file.with_suffix(".through").exists)

    def presence(self) -> Any:
        """What presence knows."""
        return self.stage.get(f"/api/v1/devices/{self.device.device}/presence")

    def alerts(self) -> list[dict[str, Any]]:
        """Alerts about its presence, that stand and that are over."""
        found = self.stage.get("/api/v1/alerts", rule="presence", device=self.device.device)
        return list(found["items"])

    def times(self, start: int) -> list[int]:
        """µs UTC at which it sampled."""
        asked: dict[str, str | int] = {"device": self.device.device, "metric": "agent.spooled"}
        span = {"start": start, "end": max(System().now(), start + 1), "limit": 100_000}
        found = self.stage.get("/api/v1/query/range", **asked, **span)
        return list(found[0]["times"]) if found else []

    async def end(self) -> Outcome:
        """Stop the agent, wait until all is stored, and ask for everything."""
        states = await asyncio.to_thread(self._states)
        assert await self._stack.end(self.name) == 0
        await self.until(lambda: self._book().missing == 0)
        return await asyncio.to_thread(self._outcome, states, await self.relay(Ask()))

    def _plight(self) -> str:
        """What is known of a line whose condition did not come about."""
        log = self._stack.folder / f"{self.name}.log"
        relay: object = "no relay yet"
        if self._control.exists():
            try:
                relay = tell(self._control, Ask())
            except OSError as error:
                relay = error
        said = log.read_text() if log.exists() else "no agent yet"
        return f"{self.name}: {self.presence()}\n{relay}\n{said[-2_000:]}"

    def _states(self) -> tuple[str, ...]:
        found = self.stage.get(f"/api/v1/devices/{self.device.device}/presence/changes")
        states = (change["state"] for change in reversed(found["items"]))
        return tuple(state for state, _ in itertools.groupby(states))  # what alerts hears is a step too

    def _book(self) -> Book:
        return Book(self._stack, self.device.device)

    def _outcome(self, states: tuple[str, ...], relay: Done) -> Outcome:
        return Outcome(
            book=self._book(),
            readable=samples(self._stack, self.device.device),
            states=states,
            alerts=tuple(self.alerts()),
            statuses=tuple(self.stage.witness.statuses[self.device.device]),
            times=tuple(self.times(System().now() - 86_400_000_000)),
            log=(self._stack.folder / f"{self.name}.log").read_text(),
            relay=relay,
        )


def address(name: str) -> Device:
    """A kiosk at a site of its own."""
    return Device(site=f"net-{name}", kind=Kind.KIOSK, device=f"kiosk-{name}")
