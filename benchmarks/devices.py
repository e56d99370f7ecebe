"""Two thousand devices and a broker that is killed: when all are back, and whether anything is lost.

The platform runs as its users run it (`imm up`), the devices in a few processes beside it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks import agent
from contracts.series import Selector
from runtime.clock import System
from simulator.chaos.stack import Stack, Stuck
from simulator.crowd import Crowd
from store.bundle import open_store
from store.settings import Embedded, Frames, Settings

_EACH: Final = 500  # devices of one process
_LIMIT: Final = 180.0  # seconds for each step
_LOOK: Final = 0.05
_METRICS: Final = 8
_MEMORY: Final = 512  # MB of the store when it is counted


def run(
    *, devices: int, period: float, broker: str, say: Callable[[str], None], seconds: float = 60.0
) -> dict[str, Any]:
    """Figures of one run; a real agent is looked at for so many seconds. Raises Stuck."""
    with tempfile.TemporaryDirectory(prefix="imm-devices-") as folder:
        figures = asyncio.run(_storm(Path(folder), devices, period, broker, say, seconds))
        say("counting what is stored")
        figures |= _counted(Path(folder), figures.pop("batches"))
    return {"devices": devices, **figures}


async def _storm(
    folder: Path, devices: int, period: float, broker: str, say: Callable[[str], None], seconds: float
) -> dict[str, Any]:
    stack = Stack(folder, broker=broker, devices=devices)
    states: list[Path] = []
    for first in range(1, devices + 1, _EACH):
        states.append(folder / f"crowd-{first}.json")
        stack.add(
            f"crowd-{first}",
            [
                *(sys.executable, "-m", "simulator.crowd", "--port", str(stack.port)),
                *("--first", str(first), "--devices", str(min(_EACH, devices - first + 1))),
                *("--period", str(period), "--metrics", str(_METRICS)),
                *("--state", str(states[-1]), "--stop-file", str(folder / "stop")),
            ],
        )
    async with AsyncExitStack() as open_:
        open_.push_async_callback(stack.stop)
        say("starting")
        began = time.monotonic()
        await stack.start()
        await _until(states, lambda all_: all_.connected == devices and all_.receipted >= devices)
        connected = time.monotonic() - began
        say(f"{devices} devices are connected; now the broker is killed")
        killed = time.monotonic()
        await stack.kill("broker")
        await _until(states, lambda all_: all_.returned == devices)
        back = time.monotonic() - killed
        say("all are back; waiting until a batch of each is stored")
        await _until(states, lambda all_: all_.told == devices)
        stored = time.monotonic() - killed
        await stack.finish(_LIMIT)
        last = _read(states)
        say("one real agent at the same broker")
        alone = await asyncio.to_thread(agent.run, stack.port, seconds=seconds)
    return {
        "connect_s": round(connected, 2),
        "reconnect_s": round(back, 2),
        "recovered_s": round(stored, 2),
        "resent": last.resent,
        "batches": last.recorded,
        **alone,
    }


async def _until(states: list[Path], true: Callable[[Crowd], bool]) -> None:
    limit = time.monotonic() + _LIMIT
    while not true(_read(states)):
        if time.monotonic() > limit:
            raise Stuck(f"the devices did not come so far within {_LIMIT:.0f} s: {_read(states)}")
        await asyncio.sleep(_LOOK)


def _read(states: list[Path]) -> Crowd:
    found = [
        msgspec.json.decode(path.read_bytes(), type=Crowd) if path.exists() else Crowd() for path in states
    ]
    return Crowd(**{name: sum(getattr(one, name) for one in found) for name in Crowd.__struct_fields__})


def _counted(folder: Path, batches: int) -> dict[str, Any]:
    """Samples recorded and stored, by the store itself once nobody has it open."""
    data = folder / "data"
    kept = Settings(
        embedded=Embedded(path=data / "imm.duckdb", memory_mb=_MEMORY), frames=Frames(path=data / "frames")
    )
    stored = set[tuple[str, int]]()
    points = 0
    with open_store(kept, System()) as store:
        names = tuple(f"sim.count.{number}" for number in range(_METRICS))
        for found in store.engine.range(Selector(metrics=names), 0, 2**62):
            points += len(found.times)
            key = f"{found.series.device}/{found.series.metric}"
            stored |= {(key, moment) for moment in found.times}
    recorded = batches * _METRICS
    return {
        "recorded": recorded,
        "stored": len(stored),
        "lost": recorded - len(stored),
        "duplicated": points - len(stored),
    }
