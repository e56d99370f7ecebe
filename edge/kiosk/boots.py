"""How often the machine was started, and why it stopped before: orderly, or by a power cut or worse."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import msgspec

from edge.kiosk.tree import Tree, number
from edge.recorder import Reading
from edge.state import Folder
from runtime.clock import Clock

FILE: Final = "boots.json"
_AGAIN: Final = 3_600.0  # seconds between two words of the same boot
_WATCHDOG: Final = 0x20  # WDIOF_CARDRESET


class _Book(msgspec.Struct, kw_only=True):
    """What is kept from boot to boot."""

    boot: str = ""  # id of the last one seen
    count: int = 0
    reason: str = "unknown"  # why that one began
    orderly: bool = False  # whether the agent was last stopped in order


class Boots:
    """Counts boots by their ids. `close` at an orderly stop: a boot after one without it was a power cut."""

    def __init__(self, folder: Folder, tree: Tree, clock: Clock, *, boot: str) -> None:
        self._folder = folder
        self._clock = clock
        self._said = -_AGAIN
        self._book = _Book()
        with contextlib.suppress(OSError, msgspec.MsgspecError):  # unreadable: counted anew
            self._book = msgspec.json.decode(folder.read(FILE) or b"{}", type=_Book)
        if boot and boot != self._book.boot:
            self._book.reason = _reason(tree, self._book)
            self._book.boot = boot
            self._book.count += 1
        self._book.orderly = False
        self._keep()

    def close(self) -> None:
        """The agent stops in order."""
        self._book.orderly = True
        self._keep()

    def look(self) -> Iterator[Reading]:
        """Count each time, reason once an hour."""
        yield Reading(metric="boot.count", value=float(self._book.count))
        if self._clock.monotonic() - self._said >= _AGAIN:
            self._said = self._clock.monotonic()
            yield Reading(metric="boot.reason", value=self._book.reason)

    def _keep(self) -> None:
        with contextlib.suppress(OSError):  # a full disk, or no folder yet: counted again at the next start
            self._folder.write(FILE, msgspec.json.encode(self._book))


def _reason(tree: Tree, before: _Book) -> str:
    """One word: first, panic, watchdog, orderly, or abrupt, which is mostly the mains."""
    if not before.boot:
        return "first"
    if tree.each("sys/fs/pstore/dmesg-*"):
        return "panic"
    for path in tree.each("sys/class/watchdog/watchdog*/bootstatus"):
        if int(number(path) or 0) & _WATCHDOG:
            return "watchdog"
    return "orderly" if before.orderly else "abrupt"
