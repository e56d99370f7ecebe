"""The supervisor with real children: restarts, an orderly stop, no orphans."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.processes.supervisor import Child, Supervisor
from runtime.clock import System

PROGRAM = "import signal, time; signal.signal(signal.SIGTERM, {}); print('up', flush=True); time.sleep(60)"
WAITS = PROGRAM.format("lambda *_: exit(0)")
STUBBORN = PROGRAM.format("signal.SIG_IGN")


async def until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(") ")[1]
    except (FileNotFoundError, ProcessLookupError):  # the latter between its opening and its reading
        return False
    return not state.startswith("Z")


def supervised(tmp_path: Path, code: str) -> Supervisor:
    child = Child(name="child", command=[sys.executable, "-c", code])
    return Supervisor([child], logs=tmp_path, clock=System())


def up(tmp_path: Path, times: int = 1) -> bool:
    log = tmp_path / "child.log"
    return log.exists() and log.read_text(encoding="utf-8").count("up") >= times


async def test_killed_child_starts_again_and_stops_in_order(tmp_path: Path) -> None:
    supervisor, stopping = supervised(tmp_path, WAITS), asyncio.Event()
    running = asyncio.create_task(supervisor.run(stopping))
    await until(lambda: up(tmp_path))
    first = supervisor.pids["child"]
    os.kill(first, signal.SIGKILL)
    await until(lambda: up(tmp_path, 2))
    second = supervisor.pids["child"]
    assert second != first
    assert supervisor.starts["child"] == 2
    stopping.set()
    await asyncio.wait_for(running, 60)
    assert not alive(second)
    assert supervisor.pids == {}


async def test_child_that_will_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.processes.supervisor.LIMIT", 0.2)
    supervisor, stopping = supervised(tmp_path, STUBBORN), asyncio.Event()
    running = asyncio.create_task(supervisor.run(stopping))
    await until(lambda: up(tmp_path))
    pid = supervisor.pids["child"]
    stopping.set()
    await asyncio.wait_for(running, 60)
    assert not alive(pid)


async def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    program = f"""
import asyncio, pathlib, sys
from app.processes.supervisor import Child, Supervisor
from runtime.clock import System
child = Child(name="child", command=[sys.executable, "-c", {WAITS!r}])
supervisor = Supervisor([child], logs=pathlib.Path({str(tmp_path)!r}), clock=System())
async def main():
    running = asyncio.create_task(supervisor.run(asyncio.Event()))
    while not supervisor.pids: await asyncio.sleep(0.01)
    print(supervisor.pids["child"], flush=True)
    await running
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    await until(lambda: up(tmp_path))
    parent.kill()
    parent.wait(60)
    parent.stdout.close()
    await until(lambda: not alive(pid))
