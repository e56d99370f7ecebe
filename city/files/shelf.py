"""Where contents lie: a folder of this machine or an S3, by fsspec. Each is written once, to its own path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from city.files.errors import Away, Damaged, WrongPlace
from city.files.settings import Settings
from runtime.logs import clean

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LOCAL: Final = "file"
_PIECE: Final = 1 << 20  # bytes read at once


class Shelf:
    """Contents by path; shared by all threads of a process."""

    def __init__(self, system: AbstractFileSystem, root: str, *, local: bool) -> None:
        self._system = system
        self._root = root.rstrip("/")
        self._local = local

    def write(self, path: str, body: bytes) -> None:
        """Put a content down; durable when it returns. Raises Away."""
        full = self._full(path)
        with _translated():
            if self._local:
                _write(Path(full), body)
            else:
                with self._system.open(full, "wb") as file:
                    file.write(body)

    def read(self, path: str, start: int, end: int) -> bytes:
        """Bytes [start, end). Raises Away, Damaged where they are not there."""
        with self.opened(path) as fetch:
            return fetch(start, end)

    @contextmanager
    def opened(self, path: str) -> Iterator[Callable[[int, int], bytes]]:
        """A function (start, end) → bytes, over one open file. Raises Away, Damaged."""

        def fetch(start: int, end: int) -> bytes:
            with _translated():
                file.seek(start)
                found: bytes = file.read(end - start)
            if len(found) != end - start:
                raise Damaged(path, f"it ends after {start + len(found)} bytes")
            return found

        try:
            with _translated():
                file = self._system.open(self._full(path), "rb")
        except FileNotFoundError:
            raise Damaged(path, "it is not there") from None
        with file:
            yield fetch

    def stream(self, path: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes [start, end) in pieces. Raises Away, Damaged."""
        with self.opened(path) as fetch:
            for at in range(start, end, _PIECE):
                yield fetch(at, min(end, at + _PIECE))

    def size(self, path: str) -> int | None:
        """Bytes that lie there, None where nothing does. Raises Away."""
        try:
            with _translated():
                return int(self._system.info(self._full(path))["size"])
        except FileNotFoundError:
            return None

    def look(self) -> None:
        """Ask whether it can be used, without leaving anything there. Raises Away."""
        if not self._local:
            self.size("looked-for")
            return
        place = next(path for path in (Path(self._root), *Path(self._root).parents) if path.exists())
        if not place.is_dir() or not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise Away(f"{place} is no folder that this user may write")

    def remove(self, path: str) -> None:
        """Remove a content, if it is there. Raises Away."""
        try:
            with _translated():
                self._system.rm_file(self._full(path))
        except FileNotFoundError:
            return

    def _full(self, path: str) -> str:
        return f"{self._root}/{path[:2]}/{path}"


def open_shelf(settings: Settings) -> Shelf:
    """The shelf of the settings. Raises WrongPlace."""
    kind, found, rest = settings.place.partition("://")
    if not found:
        from fsspec.implementations.local import LocalFileSystem

        return Shelf(LocalFileSystem(), str(Path(settings.place).absolute()), local=True)
    if kind == "s3":
        return Shelf(_s3(settings), rest, local=False)
    raise WrongPlace(settings.place, f"{kind} is not known", "name a folder, or s3://bucket/prefix")


def _s3(settings: Settings) -> AbstractFileSystem:
    """S3 through Arrow, which the store brings along: no further library."""
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import S3FileSystem

    account: dict[str, Any] = {}
    if settings.access_key_file is not None:
        try:
            access, secret = settings.access_key_file.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            cure = "name a file with two lines: access key and secret"
            raise WrongPlace(settings.place, "its access_key_file cannot be used", cure) from None
        account = {"access_key": access, "secret_key": secret}
    scheme, _, host = settings.endpoint.rpartition("://")
    if settings.endpoint:
        account |= {"endpoint_override": host, "scheme": scheme or "https"}
    if settings.region:
        account["region"] = settings.region
    return ArrowFSWrapper(S3FileSystem(**account, connect_timeout=10, request_timeout=60))


def _write(path: Path, body: bytes) -> None:
    """A new file and its folder's entry, both on disk: the database commits after this."""
    new = not path.parent.is_dir()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    for folder in (path.parent, *((path.parent.parent,) if new else ())):
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Away(clean(error.strerror or str(error))) from error
