"""`collect-logs`: the agent's last lines from memory, without what must not leave the device."""

from __future__ import annotations

import logging
import re
from collections import deque
from typing import Any, Final

from contracts import commands, instants
from contracts.commands import CollectLogs, Command
from edge.commands.executor import Handler, Telling
from runtime.logs import clean

MOST: Final = 1_000  # lines remembered: some 200 kB at most
_LONGEST: Final = 200  # characters of a line
_ROOM: Final = commands.LARGEST - 4_096  # bytes of lines in one result
_SECRETS: Final = (
    (
        re.compile(r"(?i)\b(pass(?:word|wd)?|secret|token|api[-_]?key|authorization|code)(\s*[=:]\s*)\S+"),
        r"\1\2…",
    ),
    (re.compile(r"://[^/\s:@]+:[^/\s@]+@"), "://…@"),
    (re.compile(r"-----BEGIN [A-Z ]+-----.*"), "…"),
    (re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b"), "…"),  # MAC addresses
    (re.compile(r"\b[0-9A-Fa-f]{12}\b"), "…"),
    (re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+"), "…"),
    (re.compile(r"\b[A-Za-z0-9_+/-]{40,}={0,2}"), "…"),  # keys and tokens
)


class Memory(logging.Handler):
    """The last lines of all loggers. Put it on the root logger."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[tuple[int, str]] = deque(maxlen=MOST)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line; what cannot be formatted is the other handlers' to tell."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            return
        time = instants.to_rfc3339(int(record.created * 1_000) * 1_000)
        line = f"{time} {record.levelname} {record.name}: {redacted(message)}"
        self._lines.append((record.levelno, clean(line, _LONGEST)))

    def last(self, most: int, level: int) -> list[str]:
        """The last lines of a level and above, oldest first."""
        found = [line for number, line in list(self._lines) if number >= level]
        return found[-most:]


def handler(memory: Memory) -> Handler:
    """Hands over what fits into one result, newest lines first to be kept."""

    async def run(command: Command, _: Telling) -> dict[str, Any]:
        what = command.what
        assert isinstance(what, CollectLogs)  # noqa: S101 - by its registration
        lines = memory.last(what.lines, logging.getLevelNamesMapping()[what.level.upper()])
        kept: deque[str] = deque()
        room = _ROOM
        for line in reversed(lines):
            room -= len(line.encode()) * 2 + 3  # as JSON a line may grow by its escapes
            if room < 0:
                break
            kept.appendleft(line)
        return {"lines": list(kept), "left_out": len(lines) - len(kept)}

    return run


def redacted(text: str) -> str:
    """Text without secrets, keys, mail and hardware addresses."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
