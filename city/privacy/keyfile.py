"""Key-encryption keys in a file that only its owner may read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from city.privacy import cipher
from city.privacy.errors import BadKeys, KeyMissing
from runtime.clock import Clock

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LARGEST: Final = 100_000  # bytes: some hundreds of keys
_BACK: Final = "put the key file back from where you keep its copy"


class _Key(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    made: int  # µs UTC
    key: bytes


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    mac: bytes  # root of all keyed hashes
    keys: tuple[_Key, ...] = ()  # oldest first
    generations: tuple[_Key, ...] = ()  # of the key of look-ups after the first, which is the root


def holds(path: Path) -> bool:
    """Whether a file is a key file, or a copy of one."""
    try:
        if path.stat().st_size > _LARGEST:
            return False
        return bool(msgspec.json.decode(path.read_bytes(), type=_Content).keys)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return False


class KeyFile:
    """Read again when it has changed: a key that another process added is at hand at once."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self.where = path
        self._clock = clock
        self._seen: tuple[tuple[int, ...], _Content] | None = None

    def known(self) -> Mapping[str, int]:
        """Keys at hand: id → µs UTC at which it was made; none where there is no file. Raises BadKeys."""
        content = self._content()
        return {key.id: key.made for key in content.keys} if content else {}

    def wrap(self, key: str, plain: bytes, place: bytes) -> bytes:
        """Encrypt a data key for its place. Raises KeyMissing."""
        return cipher.seal(self._key(key), plain, place)

    def unwrap(self, key: str, wrapped: bytes, place: bytes) -> bytes:
        """Decrypt a data key. Raises KeyMissing, Unsealed."""
        return cipher.unseal(self._key(key), wrapped, place)

    def mac(self, purpose: str, message: bytes, *, generation: str = "") -> bytes:
        """Keyed hash of 32 bytes. Raises BadKeys, KeyMissing."""
        content = self._content()
        if content is None:
            raise BadKeys(self.where, "it is not there", _BACK)
        if not generation:
            return cipher.mac(content.mac, purpose, message)
        for one in content.generations:
            if one.id == generation:
                return cipher.mac(one.key, purpose, message)
        raise KeyMissing(generation, self.where)

    def generations(self) -> Mapping[str, int]:
        """Generations of the key of look-ups after the first: id → µs UTC. Raises BadKeys."""
        content = self._content()
        return {one.id: one.made for one in content.generations} if content else {}

    def make(self) -> str:
        """Add a key, durably; its id. Raises BadKeys."""
        with self._writing() as content:
            key = self._new("k")
            old = content or _Content(mac=cipher.key())
            self._write(msgspec.structs.replace(old, keys=(*old.keys, key)))
        return key.id

    def generate(self) -> str:
        """Add a generation, durably; its id. Raises BadKeys."""
        with self._writing() as content:
            if content is None:
                raise BadKeys(self.where, "it is not there", _BACK)
            one = self._new("g")
            self._write(msgspec.structs.replace(content, generations=(*content.generations, one)))
        return one.id

    def drop(self, key: str) -> None:
        """Destroy a key, or a generation. Raises BadKeys."""
        with self._writing() as content:
            if content is not None:
                left = tuple(one for one in content.keys if one.id != key)
                found = tuple(one for one in content.generations if one.id != key)
                self._write(msgspec.structs.replace(content, keys=left, generations=found))

    def _new(self, letter: str) -> _Key:
        secret = cipher.key()
        id_ = f"{letter}-{hashlib.sha256(secret).hexdigest()[:16]}"
        return _Key(id=id_, made=self._clock.now(), key=secret)

    def _key(self, id_: str) -> bytes:
        content = self._content()
        for key in content.keys if content else ():
            if key.id == id_:
                return key.key
        raise KeyMissing(id_, self.where)

    def _content(self) -> _Content | None:
        try:
            found = self.where.stat()
        except FileNotFoundError:
            return self._seen[1] if self._seen else None  # whoever runs goes on; the next start says it
        except OSError as error:
            raise BadKeys(self.where, error.strerror or str(error), "name a file of this user") from None
        mark = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
        if self._seen is None or self._seen[0] != mark:
            self._seen = (mark, self._read(found))
        return self._seen[1]

    def _read(self, found: os.stat_result) -> _Content:
        if found.st_mode & _OTHERS:
            reason = f"others may read or change it (mode {stat.S_IMODE(found.st_mode):04o})"
            raise BadKeys(self.where, reason, f"chmod 600 {self.where}")
        try:
            return msgspec.json.decode(self.where.read_bytes(), type=_Content)
        except OSError as error:
            raise BadKeys(self.where, error.strerror or str(error), "name a file of this user") from None
        except msgspec.MsgspecError:
            raise BadKeys(self.where, "it is damaged", _BACK) from None

    @contextmanager
    def _writing(self) -> Iterator[_Content | None]:
        """One writer at a time, of all processes of this machine."""
        try:
            self.where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(
                self.where.with_name(f"{self.where.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield self._content()
            finally:
                os.close(descriptor)
        except OSError as error:
            raise BadKeys(self.where, error.strerror or str(error), "name a folder of this user") from None

    def _write(self, content: _Content) -> None:
        """Whole or not at all, also when the power fails."""
        handle, draft = tempfile.mkstemp(prefix=f".{self.where.name}.", dir=self.where.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.where)
        except BaseException:  # also a kill: leave no half a file with keys
            Path(draft).unlink(missing_ok=True)
            raise
        folder = os.open(self.where.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
