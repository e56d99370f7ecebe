"""Who may ask: the port, and how the registry fills it."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import select

from city.db import Database
from contracts.topics import Device, Kind
from devices.ca.tables import certificates
from devices.registry.model import State
from devices.registry.tables import devices
from devices.sitekeys.errors import NotAdmitted
from runtime.clock import Clock

_SOON: Final = 60.0  # seconds until a device that is shut out asks again: somebody may let it in meanwhile
_LATER: Final = 3_600.0  # until one asks again that has no business here


class Door(Protocol):
    """Calls block: use a thread."""

    def admit(self, fingerprint: str) -> Device:
        """The enabled device that holds this certificate (SHA-256, hex). Raises NotAdmitted, Unavailable."""
        ...


class Registered:
    """By the registry: the certificate was not revoked, its device is enrolled, and it is a Wi-Fi node."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def admit(self, fingerprint: str) -> Device:
        query = (
            select(
                devices.c.device,
                devices.c.site,
                devices.c.kind,
                devices.c.state,
                certificates.c.revoked,
                certificates.c.ends,
            )
            .join(certificates, certificates.c.device == devices.c.device)
            .where(certificates.c.fingerprint == fingerprint)
        )
        with self._db.read() as tx:
            row = tx.execute(query).one_or_none()
        if row is None:
            raise NotAdmitted("unknown", "this certificate is not of the city's devices", after=_LATER)
        if row.revoked is not None or row.ends <= self._clock.now():
            raise NotAdmitted("revoked", "this certificate does not count any more", after=_SOON)
        if row.state != State.ENROLLED:
            raise NotAdmitted("disabled", f"the device is {row.state}", after=_SOON)
        if row.kind != Kind.WIFI:
            raise NotAdmitted("kind", "only Wi-Fi nodes count visitors", after=_LATER)
        return Device(site=row.site, kind=Kind(row.kind), device=row.device)
