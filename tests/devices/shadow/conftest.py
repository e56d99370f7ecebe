"""Shadows on each database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import devices.shadow.history
from city.audit import Trail
from city.db import Database, History
from city.identity.caller import SYSTEM
from contracts.roster import Reader
from contracts.shadow import Reported
from devices.reach import Reach
from devices.shadow import Shadows, Told
from runtime import ids as makers
from runtime.clock import Fake
from tests.devices.commands.conftest import roster
from tests.devices.conftest import HISTORIES

ALL = (*HISTORIES, devices.shadow.history.HISTORY)


class Den:
    """Shadows, and how they are used in a line."""

    def __init__(self, db: Database, clock: Fake, known: Reader) -> None:
        self.db = db
        self.clock = clock
        self.roster = known
        self.service = Shadows(
            db, clock=clock, ids=makers.factory(clock), trail=Trail(clock=clock), reach=Reach(known)
        )

    def wish(self, device: str = "k1", *, seen: int | None = None, **patch: Any) -> Told:
        with self.db.begin() as tx:
            return self.service.change(tx, SYSTEM, device, patch, why="quiet hours", seen=seen)

    def report(self, device: str = "k1", *, version: int, epoch: int = 1, **values: Any) -> None:
        entry = self.roster.get(device)
        assert entry is not None
        refused = values.pop("refused", {})
        report = Reported(version=version, values=values, refused=refused, epoch=epoch, time=1)
        with self.db.begin() as tx:
            self.service.hear(tx, entry, report, self.clock.now())

    def get(self, device: str = "k1") -> Told:
        return self.service.get(SYSTEM, device)


@pytest.fixture(scope="session")
def histories() -> Sequence[History]:
    return ALL


@pytest.fixture
def den(db: Database, clock: Fake) -> Den:
    return Den(db, clock, roster())
