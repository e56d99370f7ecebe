"""A device's life ends, or it is stolen: what it could come in by is taken back in the same transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from city.identity.caller import Caller
from devices.ca import Authority, authority
from devices.enrolment.accounts import Accounts
from devices.enrolment.claims import Claims
from devices.registry import Device, Registry


class Ending:
    """Registry, claims, certificates and accounts together."""

    def __init__(self, registry: Registry, claims: Claims, authority: Authority, accounts: Accounts) -> None:
        self._registry = registry
        self._claims = claims
        self._authority = authority
        self._accounts = accounts

    def disable(
        self,
        tx: Connection,
        by: Caller,
        device: str,
        *,
        why: str,
        stolen: bool = False,
        seen: int | None = None,
    ) -> Device:
        """Shut it out; where it was `stolen` or cloned, its certificates are revoked: it needs a new claim.

        Raises as Registry.disable.
        """
        self._claims.end(tx, device)
        found = self._registry.disable(tx, by, device, why=why, seen=seen)
        if stolen and self._authority.revoke(tx, device, authority.STOLEN):
            self._registry.voice.note(tx, "certificates.revoked", found, by, fields=("certificate",), why=why)
        return found

    def retire(self, tx: Connection, by: Caller, device: str, *, why: str, seen: int | None = None) -> Device:
        """End its life: nothing of it is good any more. Raises as Registry.retire."""
        self._claims.end(tx, device)
        found = self._registry.retire(tx, by, device, why=why, seen=seen)
        self._authority.revoke(tx, device, authority.OVER)
        self._accounts.forget(tx, device)
        return found
