"""A device joins: its code and its request for its certificate. Calls block: use a thread."""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection, Row, update

from city.db import Database
from city.identity import throttle
from city.identity.caller import SYSTEM, Caller
from city.identity.errors import TooMany as Throttled
from city.identity.settings import Throttle as Slow
from city.identity.throttle import Mark
from contracts import enrolment
from contracts.enrolment import Ask, Given
from contracts.errors import Refused
from devices.ca import Authority, Request, authority, read
from devices.enrolment.claims import Claims
from devices.enrolment.giving import Giver
from devices.enrolment.tables import claims
from devices.errors import BadCode, Failure, NotNow, Over, TooMany, Used
from devices.registry import Device, Registry, State, records
from devices.registry.model import words
from devices.settings import Throttle as Limits
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)


class Enrolment:
    """Lets devices in that bring a code."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        registry: Registry,
        claims: Claims,
        authority: Authority,
        giver: Giver,
        throttle: Limits | None = None,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._registry = registry
        self._claims = claims
        self._authority = authority
        self._giver = giver
        self._limits = throttle or Limits()
        self._met = Counter(
            "imm_devices_enrolments",
            "Devices that asked to join",
            ["end"],
            registry=metrics or CollectorRegistry(),
        )

    def enrol(self, ask: Ask, *, source: str = "") -> Given:
        """What the device is given; asked again with the same request, the same. `source`: its network.

        Raises Refused, BadCode, Over, Used, TooMany, NotNow, NoAuthority.
        """
        request = read(ask.csr)
        words("hardware", ask.hardware)
        words("versions", ask.versions)
        try:
            code = enrolment.code(ask.code)
        except Refused:
            code = "0" * enrolment.SYMBOLS  # it counts as a failure, and takes as long as one
        with self._db.begin() as tx:
            marks = self._counted(tx, source)
            found = self._find(tx, code, request)
            end = found if isinstance(found, Failure) else self._let_in(tx, found, request, ask)
            if isinstance(end, Given):
                for mark in marks:
                    throttle.undo(tx, mark)
        self._met.labels("enrolled" if isinstance(end, Given) else type(end).__name__.lower()).inc()
        if isinstance(end, Failure):
            raise end
        return end

    def _find(self, tx: Connection, code: str, request: Request) -> Row[Any] | Failure:
        """The claim, where it may be used with this request; else why not, to be raised after the commit."""
        row = self._claims.find(tx, code)
        if row is None:
            return BadCode()
        if row.withdrawn is not None:
            return Over("it was withdrawn, or a newer one took its place")
        if row.expires <= self._clock.now():
            return Over("its time is up")
        if row.used is not None and row.request != request.digest:
            self._alarm(tx, row)
            return Used()
        return row

    def _let_in(self, tx: Connection, row: Row[Any], request: Request, ask: Ask) -> Given | Failure:
        if row.used is not None:  # the answer was lost on its way
            device = _there(tx, row.device)
            if device.state is not State.ENROLLED:
                raise NotNow(device.device, device.state, "it gets no credentials")
            (issued,) = [one for one in self._authority.of(tx, row.device) if one.serial == row.serial]
            if issued.revoked is not None:
                return Over("the certificate that it gave is revoked")
            return self._giver.given(tx, device, issued)
        by = msgspec.structs.replace(SYSTEM, id=f"claim:{row.id}")
        device = self._registry.enrol(
            tx, by, row.device, hardware=ask.hardware, versions=ask.versions, fields=("certificate",)
        )
        _, issued = self._authority.issue(tx, request, device.device, why=authority.CLAIM)
        self._authority.revoke(tx, device.device, authority.SUPERSEDED, but=issued.serial)
        now = self._clock.now()
        values = {"used": now, "request": request.digest, "serial": issued.serial}
        tx.execute(update(claims).where(claims.c.id == row.id).values(**values))
        return self._giver.given(tx, device, issued)

    def _alarm(self, tx: Connection, row: Row[Any]) -> None:
        """A code that was used comes with another key: somebody has read it, or was quicker."""
        _log.warning("the claim %s of %s was used again, with another key", row.id, row.device)
        by: Caller = msgspec.structs.replace(SYSTEM, id=f"claim:{row.id}")
        device = _there(tx, row.device)
        self._registry.voice.note(tx, "claim.alarm", device, by, why="used again, with another key")

    def _counted(self, tx: Connection, source: str) -> tuple[Mark, ...]:
        """Count the attempt before it is made, against its network and against all. Raises TooMany."""
        limits, now = self._limits, self._clock.now()
        counted = [("*", limits.all, limits.most_all), (source, limits.address, limits.most)]
        marks = []
        for key, free, most in counted:
            if not key:
                continue
            mark = Mark(key=self._claims.hashed(f"throttle/{key}"), free=free)
            slow = Slow(first=limits.first, most=most, forget=limits.forget)
            try:
                throttle.enter(self._db, tx, [mark], now, slow)
            except Throttled as error:
                raise TooMany(error.after) from None
            marks.append(mark)
        return tuple(marks)


def _there(tx: Connection, device: str) -> Device:
    found = records.find(tx, device)
    if found is None:
        raise LookupError(f"the claim's device {device} is gone; devices are never deleted")
    return found
