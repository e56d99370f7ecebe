"""A small file beside the spool: it remembers the epoch, and holds space so that a full disk can be emptied.

Settling frees space, but SQLite first needs some for its WAL; on a full disk that comes from here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

SIZE: Final = 2 * 1024 * 1024  # bytes: twice the WAL at which it flows back
_PAGE: Final = 4096


class Reserve:
    """Space for the way out of a full disk, and the last epoch, which survives the loss of the spool."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._size = max(2 * _PAGE, min(SIZE, limit // 8))
        self.held = False

    def epoch(self) -> int:
        """The last epoch kept; 0 where there is none."""
        try:
            text = self._path.read_bytes()[:20]
        except FileNotFoundError:
            return 0
        return int(text) if text.isdigit() else 0

    def keep(self, epoch: int) -> None:
        """Remember an epoch, durably. Raises OSError."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(file, b"%020d" % epoch, 0)
            os.fsync(file)
        finally:
            os.close(file)

    def hold(self) -> None:
        """Take the space, if there is any."""
        if self.held:
            return
        file = os.open(self._path, os.O_RDWR)
        try:
            os.posix_fallocate(file, 0, self._size)
            self.held = True
        except OSError:  # no space: what was half taken goes back
            os.ftruncate(file, _PAGE)
        finally:
            os.close(file)

    def free(self) -> None:
        """Give the space back to the disk."""
        os.truncate(self._path, _PAGE)
        self.held = False
