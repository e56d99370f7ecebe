"""devices.broker's Wanted from the registry: who should be let in at the broker, and with what."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from city.db import Database
from contracts.roster import Reader
from devices.broker.port import Account
from devices.enrolment.accounts import Accounts
from devices.registry import Device, State, records


class OfRegistry:
    """Enrolled devices with what they have, disabled ones shut; those `beside` of which it says nothing.

    Calls block. They raise Unavailable where the database does not answer: then nothing must be taken away.
    """

    def __init__(self, db: Database, accounts: Accounts, beside: Reader) -> None:
        self._db = db
        self._accounts = accounts
        self._beside = beside

    def accounts(self) -> Iterable[Account]:
        """Every device that has, or had, credentials."""
        with self._db.read() as tx:
            known = records.some(tx)
            passwords = self._accounts.passwords(tx)
        ids = {one.device for one in known}
        found = [_account(one, passwords.get(one.device, "")) for one in known if _counts(one)]
        return [
            *found,
            *(Account(device=one.address) for one in self._beside.list() if one.device not in ids),
        ]

    def account(self, device: str) -> Account | None:
        """One of them; None where it is planned, retired or unknown."""
        with self._db.read() as tx:
            found = records.find(tx, device)
            password = self._password(tx, device)
        if found is not None:
            return _account(found, password) if _counts(found) else None
        entry = next((one for one in self._beside.list() if one.device == device), None)
        return Account(device=entry.address) if entry else None

    def _password(self, tx: Connection, device: str) -> str:
        return self._accounts.passwords(tx, device).get(device, "")


def _counts(device: Device) -> bool:
    """A disabled device stays known, shut: the broker then refuses it by name."""
    return device.state is State.ENROLLED or (device.state is State.DISABLED and device.enrolled is not None)


def _account(device: Device, password: str) -> Account:
    return Account(device=device.entry().address, enabled=device.state is State.ENROLLED, password=password)
