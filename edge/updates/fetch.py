"""Files of a signed set from where they lie: over HTTP(S), bounded, each checked. Calls block."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote, urlsplit

from contracts import updates
from contracts.updates import List
from edge.updates.errors import Away

_PATIENCE: Final = 30.0  # seconds without a byte
_CHUNK: Final = 65_536  # bytes


class Source:
    """Where the files of one version lie."""

    def __init__(self, address: str, version: str, ca_file: Path | None = None) -> None:
        """Raises Away for an address that cannot be one."""
        scheme = urlsplit(address).scheme
        if scheme not in {"https", "http"}:
            raise Away(f"{address!r} is no address: it begins with https://")
        self._base = f"{address.rstrip('/')}/{quote(version)}/"
        # By http too: what is fetched is believed for its signature, not for where it came from.
        self._context = ssl.create_default_context(cafile=ca_file) if scheme == "https" else None

    def small(self, name: str, most: int) -> bytes:
        """A file of at most so many bytes. Raises Away."""
        try:
            with self._open(name) as answer:
                raw = answer.read(most + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._away(name, error) from None
        if len(raw) > most:
            raise Away(f"{self._base}{name} is larger than {most} bytes")
        return raw

    def wheels(self, files: List, into: Path) -> list[Path]:
        """All wheels of a list, as it says they are. Raises Away; OSError where the disk is full."""
        return [self._wheel(one, into) for one in files.files]

    def _wheel(self, file: updates.File, into: Path) -> Path:
        digest, size = hashlib.sha256(), 0
        path = into / file.name
        try:
            answer = self._open(file.name)
        except (OSError, http.client.HTTPException) as error:
            raise self._away(file.name, error) from None
        with answer, path.open("wb") as out:
            while chunk := self._read(answer, file.name):
                size += len(chunk)
                if size > file.size:
                    break
                digest.update(chunk)
                out.write(chunk)
        if size != file.size or digest.hexdigest() != file.sha256:
            raise Away(f"{self._base}{file.name} is not the file that was signed")
        return path

    def _read(self, answer: IO[bytes], name: str) -> bytes:
        try:
            return answer.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise self._away(name, error) from None

    def _open(self, name: str) -> IO[bytes]:
        address = self._base + quote(name)
        answer: IO[bytes] = urllib.request.urlopen(address, timeout=_PATIENCE, context=self._context)  # noqa: S310 - the scheme is checked
        return answer

    def _away(self, name: str, error: Exception) -> Away:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        return Away(f"{self._base}{name} does not come: {why or type(error).__name__}")
