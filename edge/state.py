"""The agent's folder: what it keeps between its starts, for its own user alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_OWN: Final = 0o600  # whose files: the agent's user, nobody else


class Folder:
    """One folder of small files, each replaced whole. The spool lies beside them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folder where it is missing. Raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self, name: str) -> bytes | None:
        """A file's content, or None where there is none. Raises OSError."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes, *, mode: int = _OWN) -> None:
        """Replace a file, durably: whole or not at all, whenever the power goes. Raises OSError."""
        draft = self.path / f".{name}.new"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            draft.chmod(mode)  # a draft left by a kill may have been made with another
            draft.replace(self.path / name)
        except BaseException:  # also a kill or a cancel: leave no half a file
            draft.unlink(missing_ok=True)
            raise
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, name: str) -> None:
        """Forget a file, if it is there. Raises OSError."""
        (self.path / name).unlink(missing_ok=True)
