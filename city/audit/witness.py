"""The witness: a file outside the database that is only appended to and holds the hash of each seal."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
from sqlalchemy import Connection, select

from city.audit import seals as chain_of
from city.audit.errors import Broken, Unwritable
from city.audit.tables import seals
from city.db import Database
from runtime.clock import Clock
from runtime.logs import clean

_AT_ONCE: Final = 500  # lines in one write
_TAIL: Final = 8_192  # bytes; longer than any two lines


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One seal was made; with `restored`, a backup of the database was put back that ends with it."""

    seal: int
    hash: str  # hex
    time: int  # µs UTC, of the seal: a line that is written again is the same line
    restored: str = ""  # who declared it and why: seals after this one that stand above are lost


class Witness:
    """One chain's file. Several processes of a machine may have it: each write takes its lock."""

    def __init__(self, folder: Path, chain: str, *, clock: Clock) -> None:
        self.chain = chain
        self.path = folder / f"{chain}.seals"
        self._clock = clock

    def follow(self, db: Database) -> int:
        """Write down, durably, the seals it does not have yet; how many. Raises Broken, Unwritable."""
        written = 0
        with self._locked() as file:
            while lines := self._missing(db, _last(file)):
                _append(file, lines)
                written += len(lines)
        return written

    def restored(self, db: Database, why: str) -> Line:
        """Declare that a backup was put back: the newest seal of the database counts as the last one now."""
        with db.read() as tx:
            number, value = chain_of.head(tx, self.chain)
        line = Line(seal=number, hash=value.hex(), time=self._clock.now(), restored=clean(why, 300))
        with self._locked() as file:
            _append(file, [line])
        return line

    def lines(self) -> Iterator[Line | str]:
        """What it holds, in order; text for what is no line; nothing without a file. Raises Unwritable."""
        try:
            with self.path.open("rb") as file:
                torn: list[bytes] = []
                for raw in file:
                    found = _line(raw)
                    if found is None:
                        torn.append(raw)
                        continue
                    # A write that was cut off is no damage: the whole line was written again after it.
                    yield from (_text(part) for part in torn if not raw.startswith(part.rstrip(b"\n")))
                    yield found
                    torn = []
                yield from (_text(part) for part in torn if part.endswith(b"\n"))
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unwritable(self.path, error.strerror or str(error)) from None

    def _missing(self, db: Database, last: Line | None) -> list[Line]:
        known = last.seal if last else 0
        with db.read() as tx:
            if last is not None:
                self._agrees(chain_of.let_go(tx, self.chain)[0], last, self._hash(tx, known))
            query = (
                select(seals.c.number, seals.c.hash, seals.c.time)
                .where(seals.c.chain == self.chain, seals.c.number > known)
                .order_by(seals.c.number)
                .limit(_AT_ONCE)
            )
            rows = tx.execute(query).all()
        return [Line(seal=row.number, hash=row.hash.hex(), time=row.time) for row in rows]

    def _hash(self, tx: Connection, number: int) -> str | None:
        query = select(seals.c.hash).where(seals.c.chain == self.chain, seals.c.number == number)
        found = tx.execute(query).scalar_one_or_none()
        return None if found is None else found.hex()

    def _agrees(self, gone: int, last: Line, found: str | None) -> None:
        if found is None and last.seal > gone:
            raise Broken(self.chain, last.seal, "it was witnessed, and the database does not have it")
        if found is not None and found != last.hash:
            raise Broken(self.chain, last.seal, "it was witnessed with another hash than the database has")

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if fresh:
                    _sync_folder(self.path.parent)
                yield file
        except OSError as error:
            raise Unwritable(self.path, error.strerror or str(error)) from None


def _append(file: IO[bytes], lines: list[Line]) -> None:
    """Whole lines after what is there, on disk before we return."""
    size = file.seek(0, os.SEEK_END)
    torn = b""
    if size:
        file.seek(size - 1)
        torn = b"" if file.read(1) == b"\n" else b"\n"
    data = memoryview(torn + b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    while data:
        data = data[file.write(data) :]
    os.fsync(file.fileno())


def _last(file: IO[bytes]) -> Line | None:
    """The newest whole line."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    for raw in reversed(tail.split(b"\n")):
        if found := _line(raw):
            return found
    return None


def _line(raw: bytes) -> Line | None:
    try:
        return msgspec.json.decode(raw, type=Line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace").rstrip("\n")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
