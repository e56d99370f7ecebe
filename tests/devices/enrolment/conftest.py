"""Enrolment on a registry with one planned device, by an authority of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from city.db import Database
from city.identity.caller import SYSTEM
from city.privacy import Vault
from contracts.enrolment import Ask, Broker, Given
from devices.ca import Authority, root
from devices.enrolment import Accounts, Claims, Enrolment, Made, Renewal
from devices.enrolment.ending import Ending
from devices.enrolment.giving import Giver
from devices.registry import Registry
from runtime.clock import Fake
from runtime.ids import Factory
from tests.devices.conftest import registry_of, vault_of

SERVER = "https://imm.example.id"
PIN = "0a" * 32


class Office:
    """All parts of enrolment on one database."""

    def __init__(self, db: Database, vault: Vault, clock: Fake, ids: Factory, folder: Path) -> None:
        self.db = db
        self.clock = clock
        self.registry: Registry = registry_of(db, vault, clock, ids)
        self.authority = Authority(vault, clock=clock, ids=ids)
        self.claims = Claims(self.registry, clock=clock, ids=ids, mac=vault.keys.mac, server=SERVER, pin=PIN)
        giver = Giver(self.authority, Broker(host="mqtt.example.id", port=8_883))
        self.enrolment = Enrolment(
            db,
            clock=clock,
            registry=self.registry,
            claims=self.claims,
            authority=self.authority,
            giver=giver,
        )
        self.renewal = Renewal(clock=clock, registry=self.registry, authority=self.authority, giver=giver)
        self.accounts = Accounts(self.registry, vault, clock=clock)
        self.ending = Ending(self.registry, self.claims, self.authority, self.accounts)
        with db.begin() as tx:
            offline = root.make(folder / "root.key", "sangat rahasia sekali", clock.now())
            self.authority.add(tx, offline, starts=clock.now())

    def claim(self, device: str = "kiosk-07", **more: Any) -> Made:
        with self.db.begin() as tx:
            return self.claims.make(tx, SYSTEM, device, **more)

    def enrol(self, code: str, csr: str, *, source: str = "10.0.0.1/32") -> Given:
        ask = Ask(code=code, csr=csr, hardware={"model": "Pi 5"}, versions={"agent": "1.0"})
        return self.enrolment.enrol(ask, source=source)

    def certificates(self, device: str = "kiosk-07") -> list[str]:
        """Serials that hold, newest first."""
        with self.db.read() as tx:
            return [one.serial for one in self.authority.of(tx, device) if one.revoked is None]


Within = Callable[..., Any]


@pytest.fixture
def office(db: Database, vault: Vault, clock: Fake, ids: Factory, tmp_path: Path) -> Office:
    return Office(db, vault, clock, ids, tmp_path)


@pytest.fixture
def small(lite: Database, clock: Fake, ids: Factory, tmp_path: Path) -> Office:
    """On SQLite alone, where the database is not what is tested."""
    return Office(lite, vault_of(lite, tmp_path, clock), clock, ids, tmp_path)
