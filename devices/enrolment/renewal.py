"""Certificates renewed over MQTT: the device makes a new key, the authority signs, the old one stays a while.

`rotate-key` → its request in `result` → `answer` → `install-certificate` → its `result` → `installed`.
Whoever carries the commands calls these three; each may be repeated.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, func, select

from city.identity.caller import SYSTEM
from contracts.enrolment import Given
from contracts.instants import DAY
from devices.ca import Authority, authority, read
from devices.ca.tables import certificates
from devices.enrolment.giving import Giver
from devices.errors import NotNow, Unknown
from devices.registry import Registry, State, records
from devices.registry.tables import devices
from devices.settings import Settings
from runtime.clock import Clock

_AT_ONCE: Final = 50  # devices asked to rotate in one round: no storm after a long pause


class Renewal:
    """Which certificates are due, and what becomes of them."""

    def __init__(
        self,
        *,
        clock: Clock,
        registry: Registry,
        authority: Authority,
        giver: Giver,
        settings: Settings | None = None,
    ) -> None:
        self._clock = clock
        self._registry = registry
        self._authority = authority
        self._giver = giver
        self._settings = settings or Settings()

    def due(self, tx: Connection, *, limit: int = _AT_ONCE) -> list[str]:
        """Enrolled devices whose newest certificate is to be renewed and still good, first to end first.

        Those whose certificate has ended cannot be reached: they need a new claim (`ended`).
        """
        now = self._clock.now()
        newest = self._newest()
        part = newest.c.issued + (newest.c.ends - newest.c.issued) * self._settings.renew
        query = select(newest.c.device).where(part <= now, newest.c.ends > now)
        return list(tx.execute(query.order_by(newest.c.ends).limit(limit)).scalars())

    def ended(self, tx: Connection, *, limit: int = 1_000) -> list[str]:
        """Enrolled devices whose certificates have all ended."""
        newest = self._newest()
        query = select(newest.c.device).where(newest.c.ends <= self._clock.now())
        return list(tx.execute(query.order_by(newest.c.ends).limit(limit)).scalars())

    def answer(self, tx: Connection, device: str, csr: str) -> Given:
        """The certificate for a device's new key; the same request gets the same one.

        Raises Refused, Unknown, NotNow, NoAuthority.
        """
        request = read(csr)
        found = records.find(tx, device, lock=True)
        if found is None:
            raise Unknown(device)
        if found.state is not State.ENROLLED:
            raise NotNow(device, found.state, "it gets no credentials")
        mine = (certificates.c.device == device) & certificates.c.revoked.is_(None)
        query = select(certificates.c.serial).where(mine, certificates.c.request == request.digest)
        serial = tx.execute(query).scalars().first()
        if serial is None:
            _, issued = self._authority.issue(tx, request, device, why=authority.RENEWAL)
            self._registry.voice.note(tx, "certificate.renewed", found, SYSTEM, fields=("certificate",))
        else:
            (issued,) = [one for one in self._authority.of(tx, device) if one.serial == serial]
        return self._giver.given(tx, found, issued)

    def installed(self, tx: Connection, device: str, serial: str) -> list[str]:
        """The device has connected with this certificate: those before it are revoked; their serials."""
        mine = (certificates.c.device == device) & (certificates.c.serial == serial)
        if (
            tx.execute(select(certificates.c.serial).where(mine, certificates.c.revoked.is_(None))).first()
            is None
        ):
            return []
        return self._authority.revoke(tx, device, authority.SUPERSEDED, but=serial)

    def outlived(self, tx: Connection) -> list[str]:
        """Enrolled devices of which nobody told that a renewal worked, though its overlap is over.

        What they have from before is still good: they can be asked again.
        """
        before = self._clock.now() - round(self._settings.overlap * DAY)
        query = (
            select(certificates.c.device)
            .join(devices, devices.c.device == certificates.c.device)
            .where(certificates.c.revoked.is_(None), certificates.c.ends > self._clock.now())
            .where(devices.c.state == State.ENROLLED)
            .group_by(certificates.c.device)
            .having((func.count() > 1) & (func.max(certificates.c.issued) < before))
        )
        return list(tx.execute(query.order_by(certificates.c.device)).scalars())

    def _newest(self) -> Any:
        good = certificates.c.revoked.is_(None)
        last = (
            select(certificates.c.device, func.max(certificates.c.issued).label("issued"))
            .where(good)
            .group_by(certificates.c.device)
            .subquery()
        )
        return (
            select(certificates.c.device, certificates.c.issued, certificates.c.ends)
            .join(last, (last.c.device == certificates.c.device) & (last.c.issued == certificates.c.issued))
            .join(devices, devices.c.device == certificates.c.device)
            .where(good, devices.c.state == State.ENROLLED)
            .subquery()
        )
