"""Fixtures of ingest's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.gather import Load
from ingest.parcel import Parcel, Verdict
from ingest.settings import Settings
from ingest.stages import judge, stages
from runtime.clock import Fake
from tests.ingest.parts import GATE, PARK, Frames, Message, Roster, Sink

Through = Callable[[Message], tuple[Parcel, Load, Verdict | None]]


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def roster() -> Roster:
    return Roster(GATE, PARK)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def frames() -> Frames:
    return Frames()


@pytest.fixture
def through(roster: Roster, clock: Fake) -> Through:
    """Send one message through all stages into a load of its own."""
    line = stages(roster, Settings())

    def send(message: Message) -> tuple[Parcel, Load, Verdict | None]:
        parcel, load = Parcel(message, clock.now()), Load()
        verdict = judge(parcel, load, line)
        if verdict is None:
            load.store(parcel)
        return parcel, load, verdict

    return send
