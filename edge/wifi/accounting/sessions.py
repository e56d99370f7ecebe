"""The life of users' sessions, as access points tell it: late, twice, out of order, or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from edge.wifi.accounting.packets import Kind, Refused, Word
from edge.wifi.book import Book
from edge.wifi.counts import Counts
from runtime.clock import KNOWN, Clock

_SHELF, _SALT = "session", "salt"
_MOST: Final = 50_000  # sessions that are followed at once
_ECHO: Final = 30.0  # seconds in which a word about a session that ended is one that came late
_KEPT: Final = 86_400.0  # seconds for which an ended session is known, so that its echoes count nothing
_FAILURES: Final = {3, 8, 9, 15, 17}  # lost service, port error, NAS error, service unavailable, user error


class _Row(msgspec.Struct, array_like=True):
    """A session on disk: times in µs UTC; nothing of the user."""

    client: str
    nas: bytes
    begun: int
    heard: int
    ended: int | None
    told: bool
    received: int
    sent: int


class _Session:
    """A session in memory; times are monotonic."""

    __slots__ = ("begun", "client", "ended", "heard", "mac", "nas", "received", "sent", "told", "user")

    def __init__(self, client: str, nas: bytes, begun: float, heard: float) -> None:
        self.client = client
        self.nas = nas
        self.begun = begun
        self.heard = heard
        self.ended: float | None = None
        self.told = False  # whether its end, or that there will be none, is counted
        self.received = 0
        self.sent = 0
        self.mac: bytes | None = None
        self.user: bytes | None = None


class Sessions:
    """Follows sessions over restarts. A user back within `flap` seconds continues his session."""

    def __init__(
        self, book: Book, counts: Counts, clock: Clock, *, stale: float, forget: float, flap: float
    ) -> None:
        self._book = book
        self._counts = counts
        self._clock = clock
        self._stale, self._forget, self._flap = stale, forget, flap
        self._all: dict[bytes, _Session] = {}
        self._last: dict[bytes, bytes] = {}  # the last session of a user's device
        self._salt = next((value for _, value in book.shelf(_SALT)), b"")
        if not self._salt:
            self._salt = os.urandom(32)
            book.put(_SALT, b"", self._salt)
        self._load()

    def take(self, client: str, word: Word) -> bool:
        """Believe one word; whether it said something new. Raises Refused."""
        now = self._clock.monotonic()
        at = now - min(word.delay, self._forget)
        nas = self._digest(client.encode(), word.nas)[:8]
        if word.kind in {Kind.ON, Kind.OFF}:
            return self._restarted(nas, at)
        key = self._digest(client.encode(), word.nas, word.session)
        session = self._all.get(key)
        if session and session.ended is not None and (at <= session.ended + _ECHO):
            return self._echo(key, session, word)
        if session and (session.ended is not None or self._anew(session, word, at)):
            self._settle(key, session, lost=session.ended is None)
            session = None
        new = session is None
        if session is None:
            if len(self._all) >= _MOST:
                raise Refused(f"more than {_MOST} sessions")
            session = self._all[key] = _Session(client, nas, at, now)
            self._begin(session, word, at)
        session.heard = now
        if word.mac:
            session.mac = word.mac
            self._last[word.mac] = key
        session.user = word.user or session.user
        told = self._moved(session, word)
        if word.kind is Kind.STOP:
            session.ended = at
            if word.cause in _FAILURES:
                self._counts.add("wifi.failures", client)
        self._keep(key, session)
        return new or told or word.kind is not Kind.START

    def sweep(self) -> None:
        """Count what ended for good, and what will not be heard of again."""
        now = self._clock.monotonic()
        for key, session in list(self._all.items()):
            if session.ended is None:
                if now - session.heard > self._forget:
                    self._settle(key, session, lost=True)
            elif not session.told and now - session.ended > self._flap:
                session.told = True
                self._counts.add("wifi.sessions.ended", session.client)
                self._keep(key, session)
            elif session.told and now - session.ended > _KEPT:
                self._drop(key)

    def open(self) -> dict[str, tuple[int, int]]:
        """By client how many sessions are under way, and of how many more there was no word lately."""
        now = self._clock.monotonic()
        found: dict[str, tuple[int, int]] = {}
        for one in self._all.values():
            if one.ended is None:
                current, stale = found.get(one.client, (0, 0))
                late = now - one.heard > self._stale
                found[one.client] = (current + (not late), stale + late)
        return found

    def associated(self) -> Iterator[bytes]:
        """Addresses of the users' devices, of sessions under way."""
        return (one.mac for one in self._live() if one.mac)

    def users(self) -> Iterator[bytes]:
        """Names of the users, of sessions under way."""
        return (one.user for one in self._live() if one.user)

    def _live(self) -> Iterable[_Session]:
        now = self._clock.monotonic()
        return [one for one in self._all.values() if one.ended is None and now - one.heard <= self._stale]

    def _restarted(self, nas: bytes, at: float) -> bool:
        """An access point began anew: what it had is over, and its ids may come again."""
        found = [
            (key, one)
            for key, one in self._all.items()
            if one.nas == nas and one.ended is None and one.begun <= at
        ]
        for key, session in found:
            self._drop(key)
            session.ended = max(session.begun, at)
            other = self._digest(key, os.urandom(8))
            self._all[other] = session
            if session.mac:
                self._last[session.mac] = other
            self._keep(other, session)
        return bool(found)

    def _echo(self, key: bytes, session: _Session, word: Word) -> bool:
        """A word about a session that ended: only its bytes may say more."""
        if not self._moved(session, word):
            return False
        self._keep(key, session)
        return True

    def _anew(self, session: _Session, word: Word, at: float) -> bool:
        """Whether a start means another session under an id that is open: its end was lost."""
        return word.kind is Kind.START and at > session.begun + _ECHO and at > session.heard

    def _begin(self, session: _Session, word: Word, at: float) -> None:
        self._counts.add("wifi.joins", session.client)
        key = self._last.get(word.mac) if word.mac else None
        before = self._all.get(key) if key else None
        if key and before and self._continues(before, session.client, at):
            before.told = True  # it goes on under another id: its end is not counted
            self._keep(key, before)
        else:
            self._counts.add("wifi.sessions", session.client)

    def _continues(self, before: _Session, client: str, at: float) -> bool:
        """Whether a device's session goes on: it changed access points, or fell out for a moment."""
        if before.told or before.client != client:
            return False
        if before.ended is None:
            return at - before.heard <= self._stale
        return abs(at - before.ended) <= self._flap

    def _moved(self, session: _Session, word: Word) -> bool:
        """Count the bytes that are new; less than before is an older word."""
        found = False
        for name, value in (("received", word.received), ("sent", word.sent)):
            before: int = getattr(session, name)
            if value is not None and value > before:
                self._counts.add(f"wifi.sessions.{name}", session.client, value - before)
                setattr(session, name, value)
                found = True
        return found

    def _settle(self, key: bytes, session: _Session, *, lost: bool) -> None:
        if not session.told:
            metric = "wifi.sessions.forgotten" if lost else "wifi.sessions.ended"
            self._counts.add(metric, session.client)
        self._drop(key)

    def _digest(self, *parts: bytes) -> bytes:
        """A name that tells nothing of the parts: an access point may put an address into its ids."""
        text = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
        return hashlib.blake2b(text, key=self._salt, digest_size=16).digest()

    def _keep(self, key: bytes, session: _Session) -> None:
        wall, now = self._clock.now(), self._clock.monotonic()

        def time(at: float) -> int:
            return wall - round((now - at) * 1e6)

        row = _Row(
            session.client,
            session.nas,
            time(session.begun),
            time(session.heard),
            None if session.ended is None else time(session.ended),
            session.told,
            session.received,
            session.sent,
        )
        self._book.put(_SHELF, key, msgspec.msgpack.encode(row))

    def _drop(self, key: bytes) -> None:
        mac = self._all.pop(key).mac
        if mac and self._last.get(mac) == key:
            del self._last[mac]
        self._book.put(_SHELF, key, None)

    def _load(self) -> None:
        wall, now = self._clock.now(), self._clock.monotonic()
        for key, value in self._book.shelf(_SHELF):
            row = msgspec.msgpack.decode(value, type=_Row)

            def at(time: int) -> float:
                return now - max(0.0, (wall - time) / 1e6) if min(wall, time) >= KNOWN else now

            session = self._all[key] = _Session(row.client, row.nas, at(row.begun), at(row.heard))
            session.ended = None if row.ended is None else at(row.ended)
            session.told, session.received, session.sent = row.told, row.received, row.sent
