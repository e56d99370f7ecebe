"""The officer's desk in the shell, and a citizen of whom the city keeps something."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from sqlalchemy import select

import city.audit.history
import city.history
import city.idempotency.history
import city.identity.history
import city.notifications.history
import city.privacy.history
import tests.city.notifications
from app.telling import People
from city.audit import Trail
from city.audit.tables import entries
from city.db import Database, metadata
from city.idempotency import Idempotency
from city.identity.caller import Caller, Kind
from city.identity.came import Came
from city.identity.contacts import typed
from city.identity.settings import Settings as IdentitySettings
from city.identity.wiring import KNOWN as IDENTITY
from city.identity.wiring import wire as wire_identity
from city.notifications import Means, Notice, Settings, wire
from city.notifications.templates import Catalogue
from city.privacy import KeyFile, Subjects, Vault
from city.privacy.errors import KNOWN
from city.privacy.keks import prepare
from runtime import ids
from runtime.clock import Fake
from tests.city.identity.cast import CHEAP, Sent
from web import access
from web.health import Checks
from web.rights.roles import MANAGE
from web.rights.wiring import contribution
from web.shell import create_app

ORIGIN = "http://localhost:8600"
PHONE = "+6281234567890"
HISTORIES = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.identity.history.HISTORY,
    city.idempotency.history.HISTORY,
    city.notifications.history.HISTORY,
)
OFFICER: Mapping[str, None] = {MANAGE: None}


class Office:
    """One application, and who is behind it."""

    def __init__(self, folder: Path, clock: Fake) -> None:
        self.clock = clock
        self.db = Database(f"sqlite:///{folder / 'city.sqlite'}")
        with self.db.begin() as tx:
            metadata.create_all(tx, tables=[table for history in HISTORIES for table in history.tables])
        keys = KeyFile(folder / "keys.json", clock=clock)
        prepare(self.db, keys, clock)
        self.vault = vault = Vault(self.db, keys, clock=clock)
        self.trail = Trail(clock=clock)
        self.new_id = ids.factory(clock)
        self.sent = Sent()
        self.identity = wire_identity(
            self.db,
            clock=clock,
            ids=self.new_id,
            vault=vault,
            trail=self.trail,
            sender=self.sent,
            settings=IdentitySettings(passwords=CHEAP),
        )
        means = Means(
            catalogue=Catalogue.of([Path(tests.city.notifications.__path__[0])]),
            providers=(),
            directory=People(vault),
            vault=vault,
        )
        self.told = wire(
            self.db,
            means,
            clock=clock,
            ids=self.new_id,
            zone=ZoneInfo("Asia/Jakarta"),
            settings=Settings(),
            registry=CollectorRegistry(),
        )
        self.kept = Idempotency(self.db, clock=clock, ids=self.new_id, vault=vault, keys=keys)

    def citizen(self, phone: str = PHONE) -> str:
        """A citizen with a phone, who was told something private; his id."""
        asked = self.identity.codes.send(typed(phone), Came())
        opened = self.identity.codes.enter(asked.id, typed(phone), self.sent.codes[-1][1], Came())
        notice = Notice(
            template="drill.reply",
            person=opened.session.person,
            data={"ticket": "T-1"},
            private={"reporter": "Ibu Ratna"},
        )
        with self.db.begin() as tx:
            self.told.notices.ask(tx, notice)
        return opened.session.person

    def officer(self, id_: str = "p-officer", *, ago: float = 0, kind: Kind = Kind.PERSON) -> Caller:
        """Who showed his factor so many seconds ago."""
        shown = 0 if kind == Kind.APP else self.clock.now() - round(ago * 1_000_000)
        return Caller(kind=kind, id=id_, name="Sri", strong=True, strong_at=shown, reach=OFFICER)

    def client(self, caller: Caller | None = None) -> TestClient:
        """A browser of an officer."""

        async def identify(_: Request) -> access.Known:
            return access.Known(caller=caller or self.officer())

        subjects = Subjects(
            self.db,
            vault=self.vault,
            trail=self.trail,
            clock=self.clock,
            ids=self.new_id,
            hooks=[self.identity.hook, self.told.hook],
        )
        app = create_app(
            [contribution(self.db, self.identity, subjects, clock=self.clock, trail=self.trail)],
            db=self.db,
            clock=self.clock,
            checks=Checks(live=tuple, ready=tuple, figures=bytes),
            known={**KNOWN, **IDENTITY},
            hosts=("localhost",),
            resolve=identify,
            kept=self.kept,
        )
        return TestClient(
            app, base_url=ORIGIN, headers={"accept": "text/html", "origin": ORIGIN}, follow_redirects=False
        )

    def noted(self, person: str) -> list[tuple[str, str, str]]:
        """Who did what to this person's data, and why."""
        query = select(entries.c.by, entries.c.action, entries.c.why).where(entries.c.record == person)
        mine = query.where(entries.c.by == "p-officer").order_by(entries.c.id)
        with self.db.read() as tx:
            return [tuple(row) for row in tx.execute(mine)]


@pytest.fixture
def office(tmp_path: Path, clock: Fake) -> Iterator[Office]:
    office = Office(tmp_path, clock)
    yield office
    office.db.close()
