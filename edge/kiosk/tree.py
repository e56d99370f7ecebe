"""Files in which the kernel shows the machine; what is not there is absent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from edge.recorder import Reading


class Tree:
    """The file system under a root: the machine's, or a test's."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def each(self, pattern: str) -> list[Path]:
        """Paths that a pattern finds, in order."""
        return sorted(self.root.glob(pattern))


def text(path: Path) -> str:
    """First line of a file; empty where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(4096).strip()
    except OSError:
        return ""


def number(path: Path) -> float | None:
    """The number that a file holds; None where it holds none."""
    try:
        return float(int(text(path), 0))
    except ValueError:
        return None


class Blocking:
    """A source that is a plain function over such files, run in a thread."""

    def __init__(self, name: str, look: Callable[[], Iterable[Reading]]) -> None:
        self._name = name
        self._look = look

    @property
    def name(self) -> str:
        """For logs."""
        return self._name

    async def read(self) -> list[Reading]:
        """What it shows now."""
        return await asyncio.to_thread(lambda: list(self._look()))
