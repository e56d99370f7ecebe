"""This boot of the machine: its name, and the time since, which no setting of a clock moves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot(path: Path = _ID) -> str:
    """Id of this boot; empty where the system tells none."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def uptime() -> float:
    """Seconds since the boot, also those asleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
