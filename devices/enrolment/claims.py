"""Claims: made for one device, shown once, kept as a keyed hash. Calls block: use a thread."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from city.identity.caller import Caller
from contracts import enrolment
from contracts.enrolment import ALPHABET, HANDLE, SYMBOLS, Claim
from contracts.errors import Refused
from contracts.instants import SECOND
from devices.enrolment.tables import claims
from devices.errors import NotNow
from devices.registry import Device, Registry, State
from devices.roles import ENROL, READ
from devices.settings import Settings
from runtime.clock import Clock
from runtime.ids import Factory

Mac = Callable[[str, bytes], bytes]  # city.privacy's keyed hash
_PURPOSE: Final = "devices/claim"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as it is shown, once."""

    id: str
    device: str
    code: str  # as people read it
    text: str  # all that a device needs, for its QR code or its command line
    expires: int  # µs UTC


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that could still be used, without its code."""

    id: str
    device: str
    by: str
    made: int  # µs UTC
    expires: int  # µs UTC


class Claims:
    """Makes and withdraws claims. `server`, `pin`: what is told of the platform beside the code."""

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Clock,
        ids: Factory,
        mac: Mac,
        server: str = "",
        pin: str = "",
        settings: Settings | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._ids = ids
        self._mac = mac
        self._server = server
        self._pin = pin
        self._settings = settings or Settings()

    def make(self, tx: Connection, by: Caller, device: str, *, seconds: float | None = None) -> Made:
        """A code for a device, in place of open ones. Raises Unknown, Forbidden, NotNow, Refused."""
        lasts = self._settings.claim if seconds is None else seconds
        if not 60 <= lasts <= self._settings.longest:
            raise Refused("seconds", lasts, f"60 to {self._settings.longest:g}")
        self.end(tx, device)
        found = self._registry.held(tx, by, ENROL, device)
        if found.state in {State.DISABLED, State.RETIRED}:
            raise NotNow(device, found.state, "it gets no credentials")
        code = "".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS))
        now = self._clock.now()
        row = {
            "id": self._ids(),
            "device": device,
            "handle": code[:HANDLE],
            "hash": self.hashed(code),
            "by": by.id,
            "made": now,
            "expires": now + round(lasts * SECOND),
            "tries": 0,
            "request": "",
            "serial": "",
        }
        tx.execute(insert(claims).values(**row))
        self._registry.voice.note(tx, "claim.made", found, by)
        told = Claim(code=code, server=self._server, pin=self._pin)
        return Made(
            id=str(row["id"]),
            device=device,
            code=enrolment.shown(code),
            text=enrolment.text(told),
            expires=now + round(lasts * SECOND),
        )

    def withdraw(self, tx: Connection, by: Caller, device: str) -> int:
        """Let no open code of a device open anything; how many there were. Raises Unknown, Forbidden."""
        ended = self.end(tx, device)
        found = self._registry.held(tx, by, ENROL, device)
        if ended:
            self._registry.voice.note(tx, "claim.withdrawn", found, by)
        return ended

    def open(self, tx: Connection, by: Caller, device: Device) -> list[Open]:
        """Open claims of a device, newest first, for who may see it."""
        if not by.may(READ, unit=device.unit):
            return []
        mine = (claims.c.device == device.device) & _stands(self._clock.now())
        rows = tx.execute(select(claims).where(mine).order_by(claims.c.made.desc())).mappings()
        return [Open(**{name: row[name] for name in Open.__struct_fields__}) for row in rows]

    def end(self, tx: Connection, device: str) -> int:
        """Let open codes open nothing. Called before the device is locked: who enrols locks in that order."""
        now = self._clock.now()
        mine = (claims.c.device == device) & _stands(now)
        return tx.execute(update(claims).where(mine).values(withdrawn=now)).rowcount

    def hashed(self, code: str) -> str:
        """What is kept of a code."""
        return self._mac(_PURPOSE, code.encode()).hex()

    def find(self, tx: Connection, code: str) -> Row[Any] | None:
        """The claim of this code, locked; it takes the same work and time where there is none.

        A wrong secret counts against the claim: commit in any case.
        """
        query = select(claims).where(claims.c.handle == code[:HANDLE]).with_for_update()
        row = tx.execute(query).one_or_none()
        right = hmac.compare_digest(row.hash if row else "0" * 64, self.hashed(code))
        if row is None or row.tries >= self._settings.throttle.tries:
            return None
        if not right:
            tx.execute(update(claims).where(claims.c.id == row.id).values(tries=claims.c.tries + 1))
            return None
        return row


def _stands(now: int) -> Any:
    return claims.c.used.is_(None) & claims.c.withdrawn.is_(None) & (claims.c.expires > now)
