"""The notification centre in the shell, for two people; who asks is said in a header."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

import city.history
import city.identity.history
import city.notifications.history
import city.privacy.history
import tests.city.notifications
from city.db import Database, metadata
from city.identity.caller import Caller, Kind
from city.notifications import Means, Notice, Notifications, Recipient, Settings, wire
from city.notifications.templates import Catalogue
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from city.schedule.opaque import Value
from runtime import ids
from runtime.clock import Fake
from web import access
from web.health import Checks
from web.notices.roles import OWN
from web.notices.wiring import contribution
from web.shell import create_app

ORIGIN = "http://localhost:8600"
SITI, BUDI = "p-siti", "p-budi"
HISTORIES = (
    city.history.HISTORY,
    city.identity.history.HISTORY,
    city.privacy.history.HISTORY,
    city.notifications.history.HISTORY,
)
REACH: Mapping[str, None] = {OWN: None}
CALLERS = {
    SITI: Caller(kind=Kind.PERSON, id=SITI, name="Siti Aminah", strong=True, reach=REACH),
    BUDI: Caller(kind=Kind.PERSON, id=BUDI, name="Budi", strong=True, reach=REACH),
    "": Caller(kind=Kind.ANONYMOUS, id="anonymous", name=""),
}


class Directory:
    """Nobody has an address."""

    def find(self, _tx: object, person: str) -> Recipient | None:
        return Recipient(name=person)


class Centre:
    """One application, and what stands behind it."""

    def __init__(self, folder: Path, clock: Fake) -> None:
        self.clock = clock
        self.db = Database(f"sqlite:///{folder / 'city.sqlite'}")
        with self.db.begin() as tx:
            metadata.create_all(tx, tables=[table for history in HISTORIES for table in history.tables])
        keys = KeyFile(folder / "keys.json", clock=clock)
        prepare(self.db, keys, clock)
        means = Means(
            catalogue=Catalogue.of([Path(tests.city.notifications.__path__[0])]),
            providers=(),
            directory=Directory(),
            vault=Vault(self.db, keys, clock=clock),
        )
        self.told: Notifications = wire(
            self.db,
            means,
            clock=clock,
            ids=ids.factory(clock),
            zone=ZoneInfo("Asia/Jakarta"),
            settings=Settings(),
            registry=CollectorRegistry(),
        )

    def tell(self, ticket: str, person: str = SITI, reporter: str = "Ibu Ratna") -> str:
        """Somebody is told of an answer; the notice's id."""
        self.clock.jump(1)  # ids of one moment are in no order
        notice = Notice(
            template="drill.reply", person=person, data={"ticket": ticket}, private={"reporter": reporter}
        )
        with self.db.begin() as tx:
            return self.told.notices.ask(tx, notice)

    def duty(self, number: str, person: str = SITI) -> str:
        """Somebody is told of an incident, which he may open."""
        self.clock.jump(1)
        data: dict[str, Value] = {"number": number, "opened": self.clock.now(), "affected": 3}
        with self.db.begin() as tx:
            return self.told.notices.ask(
                tx, Notice(template="drill.incident-opened", person=person, data=data)
            )

    def client(self, person: str = SITI) -> TestClient:
        """A browser of somebody."""

        async def identify(_: Request) -> access.Known:
            return access.Known(caller=CALLERS[person])

        app = create_app(
            [contribution(self.db, self.told, clock=self.clock)],
            db=self.db,
            clock=self.clock,
            checks=Checks(live=tuple, ready=tuple, figures=bytes),
            hosts=("localhost",),
            resolve=identify,
        )
        return TestClient(
            app, base_url=ORIGIN, headers={"accept": "text/html", "origin": ORIGIN}, follow_redirects=False
        )


@pytest.fixture
def centre(tmp_path: Path, clock: Fake) -> Iterator[Centre]:
    centre = Centre(tmp_path, clock)
    yield centre
    centre.db.close()
