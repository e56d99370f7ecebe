"""Doors and tamper switches: a file that the kernel keeps, or a line of its character device for pins."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from edge.kiosk.settings import Contact
from edge.kiosk.tree import number
from edge.network import part
from edge.recorder import Reading

_log = logging.getLogger(__name__)


class Line(Protocol):
    """One pin, held as input."""

    def high(self) -> bool:
        """Whether there is a voltage. Raises OSError where the chip is gone."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


Opened = Callable[[Contact], Line]  # raises OSError, ImportError


class Contacts:
    """Lines are held: with a pull-up of the chip a pin that was just asked for is not settled yet."""

    def __init__(self, wanted: tuple[Contact, ...], opened: Opened | None = None) -> None:
        self._wanted = wanted
        self._opened = opened or _gpiod
        self._lines: dict[str, Line] = {}
        self._said: dict[str, str] = {}  # name → why it cannot be read: said once

    def look(self) -> Iterator[Reading]:
        """Each that can be read: open or not. One that was only just asked for is told the next time."""
        for one in self._wanted:
            value = self._level(one) if one.chip else number(one.file) if one.file else None
            if value is not None:
                yield Reading(metric="door.open", value=int(value) == one.open, instance=part(one.name))

    def close(self) -> None:
        """Let go of all lines."""
        for name in list(self._lines):
            self._drop(name)

    def _level(self, one: Contact) -> int | None:
        try:
            if one.name not in self._lines:
                self._lines[one.name] = self._opened(one)
                return None
            level = int(self._lines[one.name].high())
        except (OSError, ImportError) as error:
            self._drop(one.name)  # a chip at USB comes and goes
            self._say(one, error)
            return None
        self._said.pop(one.name, None)
        return level

    def _drop(self, name: str) -> None:
        line = self._lines.pop(name, None)
        if line is not None:
            with contextlib.suppress(OSError):
                line.close()

    def _say(self, one: Contact, error: Exception) -> None:
        why = "imm-edge[gpio] is not installed" if isinstance(error, ImportError) else str(error)
        if self._said.get(one.name) != why:
            self._said[one.name] = why
            _log.warning("contact %s, line %s of %s, cannot be read: %s", one.name, one.line, one.chip, why)


def _gpiod(one: Contact) -> Line:
    from edge.kiosk.lines import hold

    return hold(one)
