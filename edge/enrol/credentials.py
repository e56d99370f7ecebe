"""Where credentials lie: each set in a folder of its own; links say which is current, and move at once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from edge.state import Folder

CURRENT: Final = "current"  # link to the set in use
BEFORE: Final = "before"  # link to the one it took the place of, until it has connected
NEXT: Final = "next"  # link to the set of a key whose certificate is not here yet, or not confirmed
KEY: Final = "key.pem"
CHAIN: Final = "chain.pem"
TRUSTED: Final = "trusted.pem"
REQUEST: Final = "request.pem"
_TERMS: Final = "terms.json"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a set without reading its certificate."""

    device: str
    serial: str
    ends: int  # µs UTC


class Credentials:
    """Of one device, in `credentials` of the agent's folder. All raise OSError."""

    def __init__(self, home: Path) -> None:
        self.path = home / "credentials"

    def next(self) -> tuple[bytes, str] | None:
        """The key that waits for its certificate and its request, if there is one."""
        waiting = Folder(self.path / NEXT)
        key, request = waiting.read(KEY), waiting.read(REQUEST)
        return (key, request.decode()) if key and request else None

    def prepare(self, key: bytes, request: str) -> None:
        """Keep a key until its certificate is confirmed: who asks again asks with the same request."""
        Folder(self.path).prepare()
        fresh = Folder(self.path / f"set-{secrets.token_hex(6)}")
        fresh.prepare()
        fresh.write(KEY, key)
        fresh.write(REQUEST, request.encode())
        self._link(NEXT, fresh.path.name)

    def put(self, chain: str, trusted: str, terms: Terms) -> None:
        """Make what waited the current set; the one before stays until `confirm`, or `back`."""
        waiting = Folder(self.path / NEXT)
        waiting.write(CHAIN, chain.encode())
        waiting.write(TRUSTED, trusted.encode())
        waiting.write(_TERMS, msgspec.json.encode(terms))
        fresh, old = self._target(NEXT), self._target(CURRENT)
        if fresh is None:
            raise FileNotFoundError(f"no key waits in {self.path}")
        if old is not None and old != fresh:
            self._link(BEFORE, old)
        self._link(CURRENT, fresh)

    def trial(self) -> bool:
        """Whether the current set has not connected yet, and another lies behind it."""
        before = self._target(BEFORE)
        return before is not None and before != self._target(CURRENT)

    def confirm(self) -> None:
        """The current set is good: all others are destroyed."""
        for name in (BEFORE, NEXT):
            (self.path / name).unlink(missing_ok=True)
        current = self._target(CURRENT)
        for old in self.path.iterdir():
            if old.is_dir() and not old.is_symlink() and old.name != current:
                import shutil  # not before: it loads three packers

                shutil.rmtree(old, ignore_errors=True)

    def back(self) -> bool:
        """Take the set before it again; whether there was one. The key that did not do is not used again."""
        old = self._target(BEFORE)
        if old is None:
            return False
        self._link(CURRENT, old)
        self.confirm()
        return True

    def terms(self) -> Terms | None:
        """Of the current set; None where there is none."""
        content = Folder(self.path / CURRENT).read(_TERMS)
        try:
            return msgspec.json.decode(content, type=Terms) if content else None
        except msgspec.MsgspecError:
            return None

    def trusted(self) -> str:
        """Authorities of the current set, PEM."""
        return (Folder(self.path / CURRENT).read(TRUSTED) or b"").decode()

    def _target(self, name: str) -> str | None:
        try:
            return (self.path / name).readlink().name
        except FileNotFoundError:
            return None

    def _link(self, name: str, target: str) -> None:
        draft = self.path / f".{name}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
