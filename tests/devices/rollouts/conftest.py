"""Rollouts over a fleet that the test has in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import devices.rollouts.history
import devices.shadow.history
from city.audit import Trail
from city.db import Database, History, Lease
from city.identity.caller import SYSTEM
from contracts.presence import State
from contracts.roster import Entry
from contracts.topics import Kind
from devices.reach import Reach
from devices.rollouts import Item, Rollouts, Step
from devices.rollouts.driver import Driver
from devices.rollouts.gate import Health
from devices.rollouts.model import Plan, Told
from devices.roster import Roster
from devices.selector import Selector
from runtime import ids as makers
from runtime.clock import Fake
from tests.devices.conftest import HISTORIES
from tests.devices.shadow.conftest import Den

ALL = (*HISTORIES, devices.shadow.history.HISTORY, devices.rollouts.history.HISTORY)
PATIENT = Plan(soak=0, patience=60)


def fine(since: int = 0) -> Health:
    return Health(state=State.ONLINE, since=since)


def away(since: int = 0) -> Health:
    return Health(state=State.OFFLINE, since=since)


class Fares:
    """How the devices fare, as the test wants; stands for presence and alerts."""

    def __init__(self, devices: list[str]) -> None:
        self.devices = {device: fine() for device in devices}

    def look(self, devices: Mapping[str, int]) -> Mapping[str, Health]:
        return {device: self.devices[device] for device in devices}


class Fleet:
    """A fleet of kiosks with its rollouts."""

    def __init__(self, db: Database, clock: Fake, count: int) -> None:
        self.names = [f"k{number:03}" for number in range(count)]
        entries = [Entry(device=name, kind=Kind.KIOSK, site="bima") for name in self.names]
        wifi = Entry(device="w1", kind=Kind.WIFI, site="bima")
        self.den = Den(db, clock, Roster([*entries, wifi]))
        self.db = db
        self.clock = clock
        self.fares = Fares([*self.names, "w1"])
        self.ids = makers.factory(clock)
        self.service = Rollouts(
            db,
            self.den.service,
            clock=clock,
            ids=self.ids,
            trail=Trail(clock=clock),
            reach=Reach(self.den.roster),
        )
        self.lease = Lease(db, "outbox", clock, seconds=10**6)
        assert self.lease.take()
        self.driver = self.new_driver()

    def new_driver(self) -> Driver:
        """As after a kill: nothing is remembered but what is in the database."""
        return Driver(
            db=self.db,
            clock=self.clock,
            shadows=self.den.service,
            roster=self.den.roster,
            gate=self.fares,
            voice=self.service.voice,
        )

    def start(self, plan: Plan = PATIENT, *, chosen: Selector | None = None, **patch: Any) -> Told:
        with self.db.begin() as tx:
            return self.service.start(
                tx,
                SYSTEM,
                chosen or Selector(kind=Kind.KIOSK),
                patch or {"volume": 30},
                title="Quieter",
                why="complaints",
                plan=plan,
            )

    def step(self, key: str, step: Step, *, seen: int | None = None) -> Told:
        with self.db.begin() as tx:
            return self.service.step(tx, SYSTEM, key, step, why="so I say", seen=seen)

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.driver.turn(self.lease)

    def settle(self) -> None:
        """Turn until nothing moves."""
        for _ in range(200):
            if not self.driver.turn(self.lease):
                return
        raise AssertionError("it never rests")

    def obey(self, *devices: str) -> None:
        """Devices (all, where none is named) become as is desired and say so."""
        for device in devices or self.names:
            told = self.den.get(device)
            if told.version and not told.settled:
                values: dict[str, Any] = told.values
                self.den.report(device, version=told.version, **values)

    def get(self, key: str) -> Told:
        return self.service.get(SYSTEM, key)

    def items(self, key: str) -> list[Item]:
        return self.service.devices(SYSTEM, key, limit=1_000)

    def having(self, volume: int) -> list[str]:
        return [name for name in self.names if self.den.get(name).values.get("volume") == volume]


@pytest.fixture(scope="session")
def histories() -> Sequence[History]:
    return ALL


@pytest.fixture
def fleet(db: Database, clock: Fake) -> Fleet:
    return Fleet(db, clock, 20)
