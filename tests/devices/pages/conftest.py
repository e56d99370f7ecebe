"""The whole application with a fleet of which something is the matter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from city.identity.caller import SYSTEM
from city.identity.model import UnitKind
from contracts.instants import HOUR, MINUTE
from contracts.presence import Presence, Reason, State
from contracts.roster import Window
from contracts.topics import Kind
from devices.presence import records
from devices.registry import Plan
from devices.registry import State as Life
from tests.fixtures.whole import Whole

HTML = {"accept": "text/html", "Origin": "http://testserver"}


class Fleet:
    """Kiosks at two sites: one away, one late, one that is well, one under maintenance, one planned."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.parts = parts = whole.parts
        now = parts.clock.now()
        self.now = now
        plans = (
            ("kiosk-1", "bima", "Indosat", "", Life.ENROLLED, ()),
            ("kiosk-2", "bima", "Telkomsel", "", Life.ENROLLED, ()),
            ("kiosk-3", "kanoman", "Indosat", "dishub", Life.ENROLLED, ()),
            ("kiosk-4", "kanoman", "", "", Life.ENROLLED, (Window(start=now - HOUR, end=now + HOUR),)),
            ("kiosk-5", "kanoman", "", "", Life.PLANNED, ()),
        )
        parts.identity.units.add(SYSTEM, id="dishub", kind=UnitKind.AGENCY, name="Dinas Perhubungan")
        with parts.db.begin() as tx:
            for device, site, operator, unit, life, windows in plans:
                plan = Plan(
                    device=device,
                    kind=Kind.KIOSK,
                    site=site,
                    title=f"Kios {device[-1]}",
                    operator=operator,
                    unit=unit,
                    longitude=108.5372,
                    latitude=-6.7383,
                    maintenance=windows,
                )
                parts.fleet.registry.add(tx, SYSTEM, plan, state=life)
        parts.roster.refresh()
        self.seen("kiosk-1", State.OFFLINE, Reason.LOST, age=5 * MINUTE)
        self.seen("kiosk-2", State.ONLINE, age=9 * MINUTE)
        self.seen("kiosk-3", State.LATE, Reason.BACKLOG, age=2 * MINUTE)
        self.seen("kiosk-4", State.OFFLINE, Reason.STOPPED, age=MINUTE)

    def seen(self, device: str, state: State, reason: Reason = Reason.NONE, *, age: int = 0) -> None:
        """Presence comes to know this of a device."""
        entry = self.parts.roster.get(device)
        assert entry is not None
        since = self.now - age
        one = Presence(
            device=device, site=entry.site, state=state, reason=reason, since=since, heard=since, sample=since
        )
        with self.parts.db.begin() as tx:
            records.put(tx, [one], lite=True)
            records.note(tx, [one], since)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One for all tests of this folder: each leaves the devices that others look at as they were."""
    made = Fleet(Whole(tmp_path_factory.mktemp("fleet")))
    yield made
    asyncio.run(made.parts.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def client(fleet: Fleet) -> Iterator[TestClient]:
    with TestClient(fleet.whole.app(), headers=HTML) as found:
        yield found
