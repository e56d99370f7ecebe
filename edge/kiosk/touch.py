"""Sessions at the touch screen: how many came, never where they touched. Only the touch itself is read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from pathlib import Path
from typing import Final

from edge.kiosk.tree import Tree, text
from edge.recorder import Reading
from runtime.clock import Clock

_EVENT: Final = struct.Struct("llHHi")  # struct input_event of linux/input.h
_KEY, _TOUCH, _DOWN = 0x01, 0x14A, 1  # EV_KEY, BTN_TOUCH
_DIRECT: Final = 1 << 1  # INPUT_PROP_DIRECT: one touches what one sees; a touch pad has it not
_CHUNK: Final = 256 * _EVENT.size


class Touch:
    """Listens to all touch screens of the machine; a device that comes later is found at the next look."""

    name = "touch"

    def __init__(self, tree: Tree, clock: Clock, *, idle: float) -> None:
        self._tree = tree
        self._clock = clock
        self._idle = idle  # seconds
        self._open: dict[Path, int] = {}
        self._last: float | None = None  # monotonic time of the last touch
        self._sessions = 0
        self._touches = 0

    async def read(self) -> list[Reading]:
        """What happened since the last look; nothing where there is no touch screen that may be read."""
        self._find()
        if not self._open:
            return []
        sessions, self._sessions = self._sessions, 0
        touches, self._touches = self._touches, 0
        active = self._last is not None and self._clock.monotonic() - self._last < self._idle
        return [
            Reading(metric="touch.sessions", value=float(sessions)),
            Reading(metric="touch.touches", value=float(touches)),
            Reading(metric="touch.active", value=active),
        ]

    def close(self) -> None:
        """Listen no more."""
        for path in list(self._open):
            self._drop(path)

    def _find(self) -> None:
        for shown in self._tree.each("sys/class/input/event*"):
            path = self._tree.root / "dev/input" / shown.name
            if path in self._open or not _direct(text(shown / "device/properties")):
                continue
            with contextlib.suppress(OSError):  # not ours to read, or just gone
                file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                self._open[path] = file
                asyncio.get_running_loop().add_reader(file, self._take, path, file)

    def _take(self, path: Path, file: int) -> None:
        try:
            data = os.read(file, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # unplugged
            data = b""
        if not data:
            self._drop(path)
            return
        whole = len(data) - len(data) % _EVENT.size
        for _, _, kind, code, value in _EVENT.iter_unpack(data[:whole]):
            if (kind, code, value) == (_KEY, _TOUCH, _DOWN):
                self._touched()

    def _touched(self) -> None:
        now = self._clock.monotonic()
        if self._last is None or now - self._last >= self._idle:
            self._sessions += 1
        self._last = now
        self._touches += 1

    def _drop(self, path: Path) -> None:
        file = self._open.pop(path)
        asyncio.get_running_loop().remove_reader(file)
        os.close(file)


def _direct(properties: str) -> bool:
    words = properties.split()  # the lowest bits stand in the last
    try:
        return bool(words) and bool(int(words[-1], 16) & _DIRECT)
    except ValueError:
        return False
