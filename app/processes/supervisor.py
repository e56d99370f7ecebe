"""Keeps child processes alive: starts them again when they end, stops them in order, leaves no orphan."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
STEADY: Final = 10.0  # seconds alive after which a child's next failure counts as its first
LIMIT: Final = 15.0  # seconds a child has for its orderly stop before it is killed
LOG_LIMIT: Final = 10_000_000  # bytes of a child's log; at a start a larger one becomes `.old`


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A process to keep alive."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = {}


class Supervisor:
    """Runs children until told to stop; `pids` and `starts` tell what runs, and how often it began."""

    def __init__(
        self, children: Sequence[Child], *, logs: Path, clock: Clock, state: Path | None = None
    ) -> None:
        """`logs`: folder of one log a child; `state`: file that tells the pids to others, as JSON."""
        self._children = children
        self._logs = logs
        self._clock = clock
        self._state = state
        self.pids: dict[str, int] = {}
        self.starts: dict[str, int] = {child.name: 0 for child in children}

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep all children alive until `stopping`; then stop them, last started first."""
        self._logs.mkdir(parents=True, exist_ok=True)
        stop = {child.name: asyncio.Event() for child in self._children}
        async with asyncio.TaskGroup() as tasks:
            running = {
                child.name: tasks.create_task(self._keep(child, stop[child.name]), name=child.name)
                for child in self._children
            }
            await stopping.wait()
            for child in reversed(self._children):
                stop[child.name].set()
                await running[child.name]

    async def _keep(self, child: Child, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            began = self._clock.monotonic()
            status = await self._once(child, stop)
            if stop.is_set():
                return
            failures = 1 if self._clock.monotonic() - began > STEADY else failures + 1
            pause = _pause(failures)
            _log.warning("%s ended with status %d; starts again in %.1f s", child.name, status, pause)
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue

    async def _once(self, child: Child, stop: asyncio.Event) -> int:
        """Start a child, wait until it ends or `stop`; return its exit status."""
        with _log_file(self._logs / f"{child.name}.log") as log:
            process = await asyncio.create_subprocess_exec(
                *_bound_to_us(child.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **child.environment},
                start_new_session=True,  # Ctrl-C reaches us alone: we stop the others in order
            )
        self.pids[child.name] = process.pid
        self._tell()
        self.starts[child.name] += 1
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                process.terminate()
                await asyncio.wait({ended}, timeout=LIMIT)
            if not ended.done():
                _log.warning("%s did not stop in %.0f s and is killed", child.name, LIMIT)
                process.kill()
            return await ended
        finally:
            stopped.cancel()
            self.pids.pop(child.name, None)
            self._tell()
            if not ended.done():
                process.kill()
                ended.cancel()

    def _tell(self) -> None:
        if self._state:
            draft = self._state.with_suffix(".draft")
            draft.write_bytes(msgspec.json.encode(self.pids))
            draft.replace(self._state)


def _pause(failures: int) -> float:
    """Seconds before the next start: none after one failure, then doubling up to 10 s, with full jitter."""
    return 0.0 if failures <= 1 else random.uniform(0.1, min(10.0, 0.25 * 2**failures))  # noqa: S311 - no secret


def _bound_to_us(command: Sequence[str]) -> list[str]:
    """The command such that the kernel ends it when we die: an orphan would hold port and database."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else list(command)


def _log_file(path: Path) -> BinaryIO:
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.old"))
    return path.open("ab")
