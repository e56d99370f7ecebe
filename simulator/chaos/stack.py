"""The platform under test as its users run it: `imm up`, and agents beside it in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec

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

    def __init__(self, folder: Path, *, broker: str, devices: int) -> None:
        self.folder = folder
        self.port = _free()
        self.api = f"http://127.0.0.1:{_free()}"
        self._agents: dict[str, Sequence[str]] = {}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        (folder / "roster.toml").write_text(_roster(devices), encoding="utf-8")
        (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
        self._environment = {
            **os.environ,
            "IMM_DATA": str(folder / "data"),
            "IMM_ROSTER": str(folder / "roster.toml"),
            "IMM_ANALYTICS__RULES": f'["{folder / "rules.yaml"}"]',
            "IMM_MQTT__PORT": str(self.port),
            "IMM_API__PORT": self.api.rpartition(":")[2],
            "IMM_BROKER__CHOICE": broker,
            "IMM_INGEST__SHARE__MESSAGES_PER_S": "100000",
            "IMM_INGEST__SHARE__RECORDS_PER_S": "10000000",
        }

    def add(self, name: str, command: Sequence[str]) -> None:
        """An agent; it ends once the file `stop` lies in the folder and all that it recorded is receipted."""
        self._agents[name] = command

    async def start(self) -> None:
        """Start the platform and wait until it is ready; then the agents."""
        await self._spawn("platform", [sys.executable, "-m", "app", "up"])
        await self.ready()
        for name in self._agents:
            await self._spawn(name, self._agents[name])

    def victims(self) -> list[str]:
        """What may be killed now."""
        return sorted([*self._children(), *self._agents])

    async def kill(self, victim: str) -> None:
        """Kill -9; `imm up` starts its own children again, agents are started again here."""
        if victim in self._agents:
            agent = self._running[victim]
            if agent.returncode is None:
                agent.kill()
            await agent.wait()
            await self._spawn(victim, self._agents[victim])
            return
        pid = self._children().get(victim)
        if pid:
            _signal(pid, signal.SIGKILL)

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
            agent = self._running[name]
            try:
                status = await asyncio.wait_for(agent.wait(), limit)
            except TimeoutError:
                raise Stuck(f"{name} still has batches without a receipt after {limit:.0f} s") from None
            if status:
                raise Stuck(f"{name} ended with status {status}")

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

    def _children(self) -> dict[str, int]:
        path = self.folder / "data" / STATE
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}

    async def _spawn(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )


def _roster(devices: int) -> str:
    entry = '[[device]]\ndevice = "sim-{:03d}"\nkind = "sensor"\nsite = "bima"\n'
    return "\n".join(entry.format(number) for number in range(1, devices + 1))


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself between two looks


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
