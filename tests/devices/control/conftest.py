"""The whole application with a few kiosks of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from city.identity.caller import SYSTEM
from contracts.topics import Kind
from devices.registry import Plan, State
from tests.fixtures.whole import Whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    made = Whole(tmp_path_factory.mktemp("whole"))
    with made.parts.db.begin() as tx:
        for number in range(3):
            plan = Plan(device=f"kiosk-{number}", kind=Kind.KIOSK, site="api")
            made.parts.fleet.registry.add(tx, SYSTEM, plan, state=State.ENROLLED)
    made.parts.roster.refresh()
    return made


@pytest.fixture(scope="module")
def client(whole: Whole) -> Iterator[TestClient]:
    with TestClient(whole.app(), follow_redirects=False) as found:
        yield found
