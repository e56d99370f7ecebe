"""The platform under test as its users run it: `imm up`, and agents beside it in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec

from contracts.topics import Device
from runtime.ports import free_port
from simulator.chaos.asking import Api
from simulator.fleet import device

PLATFORM: Final = "platform"
KEY: Final = "cli.key"  # written by `imm up` in the data folder: by what its own command line asks
STATE: Final = "processes.json"  # written by `imm up` in the data folder: name → pid
LIMIT: Final = 60.0  # seconds in which something that was started or killed must be there again
RULES: Final = """
- id: sim-level
  title: { id: Nilai simulasi terlalu tinggi, en: Simulated level too high }
  severity: moderate
  select: { kind: sensor, metrics: [sim.level] }
  test: { type: threshold, limit: 500 }
"""


class Stuck(Exception):
    """Something did not come about within its limit; the logs in the folder say why."""


class Stack:
    """Broker, platform and agents of one run, in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        broker: str,
        devices: int,
        others: Sequence[Device] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`devices` of the fleet and `others` stand in the roster; `settings`: variables of the platform."""
        self.folder = folder
        self.port = free_port()
        self.api = f"http://127.0.0.1:{free_port()}"
        self.ask = Api(self.api, folder / "data" / KEY)
        self._agents: dict[str, Sequence[str]] = {}
        self._environments: dict[str, Mapping[str, str]] = {}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        fleet = [device(number) for number in range(1, devices + 1)]
        (folder / "roster.toml").write_text(_roster([*fleet, *others]), encoding="utf-8")
        (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
        self._environment = {
            **os.environ,
            "IMM_DATA": str(folder / "data"),
            "IMM_ROSTER": str(folder / "roster.toml"),
            "IMM_ANALYTICS__RULES": f'["{folder / "rules.yaml"}"]',
            "IMM_ALERTS__UNPROVEN": "act",
            "IMM_ALERTS__FLAP__MOST": "0",  # each alert is to become an incident
            "IMM_ALERTS__STORM__MOST": "0",
            "IMM_MQTT__PORT": str(self.port),
            "IMM_API__PORT": self.api.rpartition(":")[2],
            "IMM_BROKER__CHOICE": broker,
            "IMM_BROKER__PORT_311": str(free_port()),
            "IMM_INGEST__SHARE__MESSAGES_PER_S": "100000",
            "IMM_INGEST__SHARE__RECORDS_PER_S": "10000000",
            **(settings or {}),
        }

    def add(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """An agent. `finish` expects that it ends by itself, `stop` that it obeys SIGTERM."""
        self._agents[name] = command
        self._environments[name] = environment or {}

    async def start(self) -> None:
        """Start the platform and wait until it is ready; then the agents."""
        await self.begin()
        for name in self._agents:
            await self.begin(name)

    async def begin(self, name: str = PLATFORM) -> None:
        """Start an agent, or the platform and wait until it is ready. Raises Stuck."""
        if name in self._agents:
            await self._spawn(name, self._agents[name])
            return
        await self._spawn(name, [sys.executable, "-m", "app", "up"])
        await self.ready()

    async def end(self, name: str = PLATFORM) -> int:
        """Stop an agent or the platform in order; return its exit status. Raises Stuck."""
        process = self._running[name]
        if process.returncode is None:
            process.terminate()
        try:
            return await asyncio.wait_for(process.wait(), LIMIT)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise Stuck(f"{name} did not stop within {LIMIT:.0f} s") from None

    def victims(self) -> list[str]:
        """What may be killed now."""
        return sorted([*self._children(), *self._agents])

    async def kill(self, victim: str, *, again: bool = True) -> None:
        """Kill -9; `imm up` starts its own children again; an agent is started `again` here. Raises Stuck."""
        await self._there(victim)
        self.send(victim, signal.SIGKILL)
        if victim in self._agents:
            await self._running[victim].wait()
            if again:
                await self.begin(victim)

    def send(self, victim: str, number: signal.Signals) -> None:
        """A signal to an agent or one of the platform's processes; none where it is not there just now."""
        if victim in self._agents:
            agent = self._running[victim]
            if agent.returncode is None:
                agent.send_signal(number)
        elif pid := self._children().get(victim):
            _signal(pid, number)

    async def ready(self) -> None:
        """Wait until every part of the platform is well. Raises Stuck."""
        found = "no answer"
        async with httpx.AsyncClient(timeout=5) as client:
            for _ in range(round(LIMIT / 0.1)):
                try:
                    answer = await client.get(f"{self.api}/readyz")
                    if answer.is_success:
                        return
                    found = answer.text
                except httpx.HTTPError as error:
                    found = str(error)
                await asyncio.sleep(0.1)
        raise Stuck(f"the platform is not ready after {LIMIT:.0f} s: {found}")

    async def finish(self, limit: float) -> None:
        """Tell agents to stop recording, and wait until all that they recorded is receipted. Raises Stuck."""
        (self.folder / "stop").touch()
        for name in self._agents:
            if status := await self.ended(name, limit):
                raise Stuck(f"{name} ended with status {status}")

    async def ended(self, name: str, limit: float) -> int:
        """Wait until an agent has ended by itself; return its exit status. Raises Stuck."""
        try:
            return await asyncio.wait_for(self._running[name].wait(), limit)
        except TimeoutError:
            raise Stuck(f"{name} still has batches without a receipt after {limit:.0f} s") from None

    async def stop(self) -> None:
        """End everything in order."""
        for process in self._running.values():
            if process.returncode is None:
                process.terminate()
        for process in self._running.values():
            try:
                await asyncio.wait_for(process.wait(), LIMIT)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _there(self, victim: str) -> None:
        """Wait until a process that was killed a moment ago runs again."""
        for _ in range(round(LIMIT / 0.02)):
            if victim in self._agents or victim in self._children():
                return
            await asyncio.sleep(0.02)
        raise Stuck(f"{victim} does not run again after {LIMIT:.0f} s")

    def _children(self) -> dict[str, int]:
        path = self.folder / "data" / STATE
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}

    async def _spawn(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, **self._environments.get(name, {})},
            )


def _roster(devices: Sequence[Device]) -> str:
    return "\n".join(
        f'[[device]]\ndevice = "{one.device}"\nkind = "{one.kind}"\nsite = "{one.site}"\n' for one in devices
    )


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself between two looks
