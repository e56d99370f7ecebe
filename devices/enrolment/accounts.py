"""Accounts with passwords, for sensors that cannot make a key. Calls block: use a thread."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from city.identity.caller import Caller
from city.privacy import Vault
from devices.enrolment.tables import accounts
from devices.registry import Registry
from devices.registry.service import need
from devices.roles import ENROL
from runtime.clock import Clock

KIND: Final = "devices.account"  # of the passwords in the vault
_BYTES: Final = 24


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is shown, once."""

    username: str  # the device's id
    password: str


class Accounts:
    """Passwords lie sealed and can be opened: a broker that lost its memory has to be told them again."""

    def __init__(self, registry: Registry, vault: Vault, *, clock: Clock) -> None:
        self._registry = registry
        self._vault = vault
        self._clock = clock

    def make(self, tx: Connection, by: Caller, device: str) -> Shown:
        """A new password, in place of the one before; the device counts as enrolled.

        Raises Unknown, Forbidden, NotNow.
        """
        password = secrets.token_urlsafe(_BYTES)
        found = self._registry.enrol(tx, by, device, fields=("account",))
        need(by, ENROL, found.unit)
        values = {"by": by.id, "made": self._clock.now()}
        if not tx.execute(update(accounts).where(accounts.c.device == device).values(**values)).rowcount:
            tx.execute(insert(accounts).values(device=device, **values))
        self._vault.seal(tx, kind=KIND, record=device, subject="", fields={"password": password})
        return Shown(username=device, password=password)

    def remove(self, tx: Connection, by: Caller, device: str) -> bool:
        """Take the password back; whether there was one. Raises Unknown, Forbidden."""
        self._registry.touched(tx, by, ENROL, device, fields=("account",))
        return self.forget(tx, device)

    def forget(self, tx: Connection, device: str) -> bool:
        """Destroy a password; whether there was one."""
        self._vault.forget(tx, KIND, device)
        return bool(tx.execute(delete(accounts).where(accounts.c.device == device)).rowcount)

    def made(self, tx: Connection, device: str) -> int | None:
        """When its password was made, µs UTC; None where it has none."""
        return tx.execute(select(accounts.c.made).where(accounts.c.device == device)).scalar_one_or_none()

    def passwords(self, tx: Connection, *devices: str) -> dict[str, str]:
        """Passwords by device, of all or of these: for the broker alone."""
        query = select(accounts.c.device)
        if devices:
            query = query.where(accounts.c.device.in_(devices))
        ids = tx.execute(query).scalars().all()
        found = self._vault.open_many(tx, KIND, ids)
        return {device: fields["password"] for device, fields in found.items()}
