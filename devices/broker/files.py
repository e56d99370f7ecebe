"""What the broker reads from files: whose certificates it believes, and which of them no longer."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import city.errors

EVERY: Final = (
    21_600.0  # seconds: a list counts for a week only, so it is written anew though nothing changed
)
_REST: Final = 2.0  # seconds between two writings, and after a failure
_log: Final = logging.getLogger(__name__)
Read = Callable[[], Mapping[str, str]]


class Files:
    """Written whole, each when something changed; whoever keeps the broker has it read them again."""

    def __init__(self, folder: Path, read: Read, *, every: float = EVERY, rest: float = _REST) -> None:
        """`read`: name of a file → what it holds; it may block."""
        self.trouble = "not written yet"
        self._folder = folder
        self._read = read
        self._every = every
        self._rest = rest
        self._wake = asyncio.Event()

    def touch(self, _device: str = "") -> None:
        """A device changed: its certificate may be revoked. From the loop's thread."""
        self._wake.set()

    def write(self) -> None:
        """Now. Raises OSError, city.errors.Failure."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, text in self._read().items():
            draft = self._folder / f".{name}.{os.getpid()}"
            draft.write_text(text)
            draft.chmod(0o644)  # nothing in it is secret, and the broker is another user
            draft.replace(self._folder / name)

    async def run(self) -> None:
        """For ever."""
        while True:
            self._wake.clear()
            try:
                await asyncio.to_thread(self.write)
            except (OSError, city.errors.Failure) as error:
                if self.trouble != str(error):
                    _log.warning("files of the broker in %s: %s", self._folder, error)
                self.trouble = str(error)
                self._wake.set()
            else:
                self.trouble = ""
            await asyncio.sleep(self._rest)
            try:
                async with asyncio.timeout(self._every):
                    await self._wake.wait()
            except TimeoutError:
                continue
