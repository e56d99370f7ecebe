"""Frames as files named by their content, a folder a day, so that retention removes whole folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from contracts import frames
from contracts.errors import Refused
from contracts.instants import DAY, from_datetime, to_datetime
from contracts.topics import Device
from store import errors

_EXTENSIONS: Final = {"image/jpeg": "jpg", "image/png": "png"}


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One kept frame."""

    device: Device
    content_type: str
    size: int  # bytes
    header: frames.Header


_decoder: Final = msgspec.json.Decoder(Frame)


class Frames:
    """`{day}/{two digits}/{sha256}.jpg` holds the bytes, `{day}/of/{device}/{time}-{sha256}.json` the rest.

    Calls block: use a thread. Several processes may share the folder. Raises Retry where the disk refuses.
    """

    def __init__(self, path: Path, *, keep_days: int) -> None:
        self._path = path
        self._keep = keep_days * DAY

    def put(self, device: Device, header: frames.Header, payload: bytes, content_type: str) -> Frame:
        """Keep a frame; durable when it returns; twice is the same as once. Raises Refused, Retry."""
        if content_type not in _EXTENSIONS:
            raise Refused("content_type", content_type, f"one of {', '.join(_EXTENSIONS)}")
        header.check(payload)
        frame = Frame(device=device, content_type=content_type, size=len(payload), header=header)
        day = self._path / to_datetime(header.time).strftime("%Y-%m-%d")
        content = day / header.sha256[:2] / f"{header.sha256}.{_EXTENSIONS[content_type]}"
        entry = day / "of" / device.device / f"{header.time}-{header.sha256}.json"
        try:
            _write(content, payload)
            _write(entry, msgspec.json.encode(frame))
        except OSError as error:
            raise errors.Retry(f"a frame could not be written to {self._path}: {error}", after=5) from error
        return frame

    def open(self, sha256: str) -> bytes:
        """Bytes of a frame. Raises LookupError."""
        if len(sha256) == _DIGITS and sha256.isalnum():
            for found in sorted(self._path.glob(f"*/{sha256[:2]}/{sha256}.*"), reverse=True):
                if found.suffix[1:] in _EXTENSIONS.values():
                    return found.read_bytes()
        raise LookupError(f"no frame {sha256}: it never came, or its {self._keep // DAY} days are over")

    def list(self, device: str, start: int, end: int, *, limit: int = 1_000) -> list[Frame]:
        """A device's frames with start ≤ time < end (µs UTC), oldest first."""
        found: list[Frame] = []
        for day in self._days():
            if day.time + DAY <= start or day.time >= end:
                continue
            for entry in sorted((day.path / "of" / device).glob("*.json")):
                time = int(entry.stem.partition("-")[0])
                if start <= time < end and len(found) < limit:
                    found.append(_decoder.decode(entry.read_bytes()))
        return found

    def retain(self, now: int) -> int:
        """Remove days that are over; return how many."""
        if not self._keep:
            return 0
        gone = 0
        for day in self._days():
            if day.time + DAY <= now - self._keep:
                shutil.rmtree(day.path)
                gone += 1
        return gone

    def _days(self) -> Iterator[_Day]:
        for path in sorted(self._path.glob("????-??-??")):
            yield _Day(path)


_DIGITS: Final = 64  # of a SHA-256 in hexadecimal


class _Day:
    def __init__(self, path: Path) -> None:
        self.path = path
        year, month, day = map(int, path.name.split("-"))
        self.time = from_datetime(to_datetime(0).replace(year=year, month=month, day=day))


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is whole on disk or not there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
