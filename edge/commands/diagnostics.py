"""`run-diagnostics`: the device looked at from within; what a check cannot find out it says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from contracts.commands import Command, RunDiagnostics
from edge.commands.errors import Refusal
from edge.commands.executor import Handler, Telling
from runtime.clock import Clock
from runtime.logs import clean

Check = Callable[[], dict[str, Any]]  # blocks; OSError where it cannot be found out
_MEMORY: Final = Path("/proc/meminfo")
_UPTIME: Final = Path("/proc/uptime")


def handler(checks: Mapping[str, Check]) -> Handler:
    """Runs the checks that are asked for, or all."""

    async def run(command: Command, telling: Telling) -> dict[str, Any]:
        what = command.what
        assert isinstance(what, RunDiagnostics)  # noqa: S101 - by its registration
        wanted = what.checks or tuple(checks)
        if unknown := [name for name in wanted if name not in checks]:
            raise Refusal(f"there is no check {', '.join(unknown)}; there are {', '.join(checks)}")
        found: dict[str, Any] = {}
        for number, name in enumerate(wanted):
            try:
                found[name] = await asyncio.to_thread(checks[name])
            except (OSError, ValueError) as error:
                found[name] = {"error": clean(str(error))}
            await telling((number + 1) * 100 // len(wanted))
        return found

    return run


def machine(clock: Clock, folder: Path) -> dict[str, Check]:
    """Checks of the machine under the agent."""

    def disk() -> dict[str, Any]:
        found = os.statvfs(folder)
        return {
            "free_bytes": found.f_bavail * found.f_frsize,
            "size_bytes": found.f_blocks * found.f_frsize,
            "read_only": bool(found.f_flag & os.ST_RDONLY),
        }

    def time() -> dict[str, Any]:
        return {"now": clock.now(), "uptime_seconds": float(_UPTIME.read_text(encoding="ascii").split()[0])}

    return {"clock": time, "disk": disk, "memory": _memory, "load": _load}


def _memory() -> dict[str, Any]:
    lines = dict(
        line.split(":", 1) for line in _MEMORY.read_text(encoding="ascii").splitlines() if ":" in line
    )
    wanted = {"total_bytes": "MemTotal", "available_bytes": "MemAvailable"}
    return {name: int(lines[word].split()[0]) * 1_024 for name, word in wanted.items() if word in lines}


def _load() -> dict[str, Any]:
    one, five, fifteen = os.getloadavg()
    return {"1_min": one, "5_min": five, "15_min": fifteen, "cores": os.cpu_count() or 0}
