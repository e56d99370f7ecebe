"""Whether the program that fills the screen lives: its process is there, its heart beats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from edge.kiosk.settings import Player
from edge.kiosk.tree import text
from edge.recorder import Reading
from runtime.clock import Clock


class Health:
    """Looks at both; a heartbeat is judged by when it was seen to move, whatever its file's time says."""

    def __init__(self, settings: Player, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._beat: tuple[int, int] | None = None  # the file's number and time, as last seen
        self._moved = clock.monotonic()

    def look(self) -> Iterator[Reading]:
        """Up or not, the heartbeat's age, and what its process takes."""
        up = True
        if self._settings.heartbeat_file:
            age = self._age(self._settings.heartbeat_file)
            if age is not None:
                yield Reading(metric="player.age", value=round(age, 1))
            up = age is not None and age <= self._settings.stale
        if self._settings.pid_file:
            memory = _memory(self._settings.pid_file)
            if memory is not None:
                yield Reading(metric="player.memory", value=memory)
            up = up and memory is not None
        yield Reading(metric="player.up", value=up)

    def _age(self, path: Path) -> float | None:
        """Seconds since the heartbeat was seen to move; None where there is none."""
        try:
            found = path.stat()
        except OSError:
            self._beat = None
            return None
        beat = found.st_ino, found.st_mtime_ns
        if beat != self._beat:
            self._beat, self._moved = beat, self._clock.monotonic()
        return self._clock.monotonic() - self._moved


def _memory(pid_file: Path) -> float | None:
    """Bytes that the process takes; None where it is gone, or only its body is left."""
    pid = text(pid_file)
    if not pid.isdigit():
        return None
    try:
        process = psutil.Process(int(pid))
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.memory_info().rss)
    except (psutil.Error, OverflowError):
        return None
