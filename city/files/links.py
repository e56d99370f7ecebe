"""Links to one file for one caller and a short time: signed, so nothing is kept; withdrawn by a new key."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from city.files.errors import Stale, WrongPlace
from contracts.instants import SECOND
from runtime.clock import Clock

_KEYS: Final = 3  # that a file of keys holds at most; the last one signs, all verify
_SHORTEST: Final = 32  # characters of a key
LONGEST: Final = 400  # characters of a link's token


class Ticket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a link says."""

    file: str
    until: int  # µs UTC
    inline: bool = False  # to be shown in the page and not saved; of pictures only


class Keys:
    """The keys in a file, one a line; read again when it changes, so that a rotation needs no restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] = (0, 0)
        self._keys: Sequence[str] = ()

    def __call__(self) -> Sequence[str]:
        """Keys, newest last; made where there are none yet. Raises WrongPlace."""
        try:
            if not self.path.exists():
                _make(self.path)
            state = self.path.stat()
            seen = (state.st_mtime_ns, state.st_ino)
            if seen != self._seen:
                keys = self.path.read_text(encoding="ascii").split()
                self._keys, self._seen = keys, seen
        except (OSError, ValueError) as error:
            raise _wrong(self.path, str(error)) from None
        if not self._keys or any(len(key) < _SHORTEST for key in self._keys):
            raise _wrong(self.path, f"a key has at least {_SHORTEST} characters")
        return self._keys

    def rotate(self, *, withdraw: bool = False) -> None:
        """Sign with a new key from now on; `withdraw`: links made before hold no longer, at once."""
        kept = [] if withdraw else list(self())[1 - _KEYS :]
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        _write(draft, [*kept, secrets.token_urlsafe(32)])
        draft.replace(self.path)


class Links:
    """Makes and opens the tokens of links."""

    def __init__(self, keys: Keys, clock: Clock, seconds: float = 300.0) -> None:
        self._keys = keys
        self._clock = clock
        self._seconds = seconds

    def make(self, file: str, holder: str, *, inline: bool = False, seconds: float | None = None) -> str:
        """Token for a file. `holder`: who may use it, such as the id of a session; it is not in the token."""
        until = self._clock.now() + round((seconds or self._seconds) * SECOND)
        ticket = Ticket(file=file, until=until, inline=inline)
        return str(self._serializer(holder).dumps(msgspec.to_builtins(ticket)))

    def open(self, token: str, holder: str) -> Ticket:
        """Token → what it allows. Raises Stale."""
        if len(token) > LONGEST:
            raise Stale("it is not one of ours")
        try:
            said: Any = self._serializer(holder).loads(token)
            ticket = msgspec.convert(said, Ticket)
        except (BadData, msgspec.ValidationError):
            raise Stale("it is not one of ours, was withdrawn, or was made for somebody else") from None
        if self._clock.now() >= ticket.until:
            raise Stale("its time is over")
        return ticket

    def _serializer(self, holder: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(self._keys()),
            salt=f"imm.files.link.{holder}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )


def _make(path: Path) -> None:
    """A first key; of several processes that start at once one wins, and all use its key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    _write(draft, [secrets.token_urlsafe(32)])
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _write(path: Path, keys: Sequence[str]) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii"
    ) as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _wrong(path: Path, reason: str) -> WrongPlace:
    return WrongPlace(
        str(path), reason, "correct the setting files.links_file, or remove the file: it is made again"
    )
