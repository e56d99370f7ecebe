"""The watch over the desk's own book: its health, its figures, and whom it has told what."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, select, update

import alerts.watch
from alerts.watch.settings import Settings
from alerts.watch.watcher import Watcher
from city.db import Database
from city.identity.holders import Holders
from city.identity.model import PersonState
from city.identity.tables.people import people
from city.notifications import Notices
from city.notifications.tables import notices
from city.notifications.templates import Catalogue
from programmes.tangi import probes
from programmes.tangi.tables import probes as book
from runtime.clock import Fake
from runtime.ids import Factory
from tests.fixtures import house
from tests.fixtures.tables import ready


class Desk:
    """A desk's book, two operators and a viewer, and watchers over it."""

    def __init__(self, folder: Path, clock: Fake, ids: Factory) -> None:
        self.db: Database = ready(f"sqlite:///{folder / 'city.sqlite'}", house.HISTORIES)
        self.clock = clock
        self.ids = ids
        self.registry = CollectorRegistry()
        identity = house.identity(self.db, clock, ids, "http://city.test")
        for name, role in (("Sri", "operator"), ("Budi", "operator"), ("Dewi", "viewer")):
            house.let_in(self.db, identity, name, f"platform/{role}")
        with self.db.begin() as tx:
            tx.execute(update(people).values(state=PersonState.ACTIVE.value))
        self.holders = Holders(identity.catalogue, clock=clock)

    def watcher(self) -> Watcher:
        catalogue = Catalogue.of([Path(alerts.watch.__path__[0])])
        self.registry = CollectorRegistry()
        return Watcher(
            self.db,
            probes.newest,
            notices=Notices(catalogue, clock=self.clock, ids=self.ids),
            holders=self.holders,
            clock=self.clock,
            settings=Settings(silence=10),
            registry=self.registry,
        )

    def probe(self) -> None:
        with self.db.begin() as tx:
            now = self.clock.now()
            tx.execute(insert(book), {"id": self.ids(), "sent": now, "arrived": now})

    def told(self) -> list[str]:
        with self.db.read() as tx:
            return list(tx.execute(select(notices.c.template).order_by(notices.c.asked)).scalars())


@pytest.fixture
def desk(tmp_path: Path, clock: Fake, ids: Factory) -> Desk:
    return Desk(tmp_path, clock, ids)


async def test_operators_hear_once_that_the_path_is_broken_and_once_that_it_is_whole(desk: Desk) -> None:
    watcher = desk.watcher()
    await watcher.look()
    assert not watcher.trouble  # nobody has ever sent a probe
    desk.probe()
    await watcher.look()
    for _ in range(3):
        desk.clock.advance(11)
        await watcher.look()
    assert "no probe has reached the desk for 33 s" in watcher.trouble
    assert desk.told() == ["watch.silent"] * 2  # both operators, and not who only looks on
    assert desk.registry.get_sample_value("imm_watch_silences_total") == 1
    assert desk.registry.get_sample_value("imm_watch_probe_age_seconds") == 33
    desk.probe()
    await watcher.look()
    assert not watcher.trouble
    assert desk.told() == [*["watch.silent"] * 2, *["watch.back"] * 2]


async def test_a_second_process_tells_nobody_again(desk: Desk) -> None:
    desk.probe()
    one, two = desk.watcher(), desk.watcher()
    for _ in range(2):
        await one.look()
        await two.look()
        desk.clock.advance(11)
    assert desk.told() == ["watch.silent"] * 2


async def test_an_outage_of_the_platform_itself_is_told_when_it_is_over(desk: Desk) -> None:
    desk.probe()
    desk.clock.advance(600)  # nobody was here to watch
    watcher = desk.watcher()
    await watcher.look()
    desk.probe()
    await watcher.look()
    assert desk.told() == ["watch.back"] * 2


async def test_what_could_not_be_told_is_told_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = desk.watcher()
    desk.probe()
    await watcher.look()
    desk.clock.advance(11)
    with desk.db.begin() as tx, monkeypatch.context() as patch:
        tx.execute(insert(book), {"id": "held", "sent": 1, "arrived": 1})  # the one writer is busy
        patch.setattr(desk.db, "_wait", 0.05)
        await watcher.look()
    assert watcher.trouble
    assert desk.told() == []
    await watcher.look()
    assert desk.told() == ["watch.silent"] * 2
