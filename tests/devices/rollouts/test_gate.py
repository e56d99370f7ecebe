"""The gate on presence's own judgements and tables: devices speak, and rollouts make something of it."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from city.db import Database, upgrade
from contracts.instants import HOUR
from contracts.presence import State
from contracts.roster import Window
from devices.presence import history, records
from devices.presence.reader import Book
from devices.rollouts import Part
from devices.rollouts import State as Stand
from devices.rollouts.gate import Watch
from devices.rollouts.model import Plan
from devices.roster import Roster
from runtime.clock import Fake
from tests.devices.presence.stage import START, City
from tests.devices.rollouts.conftest import Fleet

_PATIENT = Plan(soak=900, patience=60)


class Told:
    """An alert as the desk of alerts has it."""

    def __init__(self, device: str, rule: str, started: int) -> None:
        self.device, self.rule, self.started = device, rule, started
        self.title = cast("Any", type("Title", (), {"en": "it is too hot", "id": ""})())


class Alerts:
    """Those that are open."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def open(self, *, site: str = "", limit: int = 200) -> list[Told]:
        return self.told


class Area:
    """Devices that speak, presence that weighs it and writes it down, and rollouts that read there."""

    def __init__(self, db: Database) -> None:
        self.clock = Fake(START)
        self.fleet = Fleet(db, self.clock, 3)
        self.city = City(*self.fleet.den.roster.list())
        self.city.fleet.tick(self.clock.now(), deaf=False)
        self.alerts = Alerts()
        self.gate(self.fleet.den.roster)

    def gate(self, roster: Any) -> None:
        self.fleet.fares = cast(
            "Any", Watch(Book(self.fleet.db), roster, cast("Any", self.alerts), self.clock)
        )
        self.fleet.driver = self.fleet.new_driver()

    def pass_(self, seconds: int) -> None:
        """Time goes on: who is alive measures, presence ticks, rollouts move."""
        for _ in range(seconds // 10):
            self.clock.advance(10)
            self.city.now = self.clock.now()
            for device in self.city.live:
                self.city.fleet.data(device, self.city.now, self.city.now)
            changed, _found = self.city.fleet.tick(self.city.now, deaf=False)
            with self.fleet.db.begin() as tx:
                records.put(tx, changed, lite=self.fleet.db.lite)
            self.fleet.settle()

    def canary(self) -> str:
        (device,) = self.fleet.having(30)
        self.fleet.obey(device)
        return device


@pytest.fixture
def area(lite: Database) -> Area:
    upgrade(lite, (history.HISTORY,))
    made = Area(lite)
    made.city.join(*made.fleet.names)
    made.pass_(10)
    return made


@pytest.mark.parametrize("end", ["its will", "silence"])
def test_a_canary_of_which_presence_hears_no_more_takes_the_change_back(area: Area, end: str) -> None:
    rollout = area.fleet.start(_PATIENT)
    area.pass_(10)
    canary = area.canary()
    if end == "its will":
        area.city.lose(canary)
    else:
        area.city.live.discard(canary)
    area.pass_(60)
    assert area.fleet.get(rollout.id).state == Stand.RUNNING
    area.pass_({"its will": 20, "silence": 110}[end])
    told = area.fleet.get(rollout.id)
    assert told.state == Stand.ROLLED_BACK, told
    assert ("offline" if end == "its will" else "no data") in told.reason


def test_who_was_away_before_counts_for_nothing_when_it_goes_again(area: Area) -> None:
    sleeper = area.fleet.names[0]
    area.city.lose(sleeper)
    area.pass_(10)
    rollout = area.fleet.start(Plan(soak=300, patience=60))
    for _ in range(34):
        area.pass_(10)
        area.fleet.obey(*area.fleet.names[1:])
    assert sleeper in area.fleet.having(30)
    area.city.join(sleeper, connection=2)
    area.pass_(20)
    area.city.lose(sleeper, connection=2)
    area.pass_(200)
    assert area.fleet.get(rollout.id).state == Stand.RUNNING
    area.pass_(100)
    assert area.fleet.get(rollout.id).state == Stand.DONE
    assert {item.device for item in area.fleet.items(rollout.id) if item.state == Part.SET} == {sleeper}


def test_what_happens_while_somebody_works_on_a_device_counts_for_nothing(area: Area) -> None:
    rollout = area.fleet.start(_PATIENT)
    area.pass_(10)
    canary = area.canary()
    area.pass_(10)
    now = area.clock.now()
    planned = Window(start=now, end=now + HOUR)
    area.gate(
        Roster(
            [
                msgspec.structs.replace(one, maintenance=(planned,) if one.device == canary else ())
                for one in area.fleet.den.roster.list()
            ]
        )
    )
    area.city.lose(canary)
    area.alerts.told = [Told(canary, "door", now + 1)]
    area.pass_(300)
    assert area.fleet.get(rollout.id).state == Stand.RUNNING


def test_that_a_device_comes_and_goes_since_the_change_is_seen(area: Area) -> None:
    rollout = area.fleet.start(_PATIENT)
    area.pass_(10)
    canary = area.canary()
    for connection in range(1, 7):
        area.city.lose(canary, connection=connection)
        area.pass_(10)
        area.city.join(canary, connection=connection + 1)
        area.pass_(10)
    told = area.fleet.get(rollout.id)
    assert told.state == Stand.ROLLED_BACK
    assert "comes and goes" in told.reason


def test_alerts_count_and_that_of_presence_itself_does_not(area: Area) -> None:
    rollout = area.fleet.start(_PATIENT)
    area.pass_(10)
    canary = area.canary()
    now = area.clock.now()
    area.alerts.told = [
        Told(canary, "presence", now + 1),
        Told(canary, "heat", 1),  # from before
        Told("somebody", "heat", now + 1),
    ]
    area.pass_(20)
    assert area.fleet.get(rollout.id).state == Stand.RUNNING
    area.alerts.told.append(Told(canary, "heat", now + 1))
    area.pass_(10)
    assert "it is too hot" in area.fleet.get(rollout.id).reason


def test_many_are_asked_for_at_once_and_the_unknown_are_not_known(area: Area) -> None:
    asked = dict.fromkeys([*area.fleet.names, *(f"x{number}" for number in range(30))], 0)
    found = area.fleet.fares.look(asked)
    assert [found[name].state for name in area.fleet.names] == [State.ONLINE] * 3
    assert found["x1"].state is None
    assert not found["x1"].there
