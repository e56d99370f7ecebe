"""What comes and goes: held as one, told once, over when it has been calm."""

from collections.abc import Iterator

import pytest

from alerts.model.lifecycle import Outcome
from alerts.settings import Flap
from contracts.alerts import State
from runtime.ids import Factory
from tests.alerts.room import HISTORIES, Room
from tests.fixtures.tables import ready

FIRING = "alert.firing"


@pytest.fixture
def room(city_url: str, ids: Factory) -> Iterator[Room]:
    database = ready(city_url, HISTORIES)
    yield Room(database, ids, flap=Flap(most=2, span=60, calm=100))
    database.close()


def flap(room: Room, times: int) -> None:
    for _ in range(times):
        room.fire("kiosk-1")
        room.wait(1)
        room.clear("kiosk-1")
        room.wait(1)


def test_what_comes_and_goes_is_one_alert_and_told_once(room: Room) -> None:
    flap(room, 6)
    alerts = room.all()
    assert [(one.state, one.flapping) for one in alerts] == [
        (State.RESOLVED, False),
        (State.RESOLVED, False),
        (State.FIRING, True),
    ]
    assert len(room.told(FIRING)) == 3
    lines = [line.outcome for line in room.desk.told(alerts[-1].id).history]
    assert lines == [Outcome.FIRED, Outcome.CALMER, *[Outcome.RETURNED, Outcome.CALMER] * 3]


def test_it_is_over_when_it_has_been_calm(room: Room) -> None:
    flap(room, 3)
    began = room.clock.now()
    room.wait(98)
    assert room.of("kiosk-1").state is State.FIRING
    room.wait(1)
    alert = room.of("kiosk-1")
    assert alert.state is State.RESOLVED
    assert alert.resolved == alert.cleared
    assert alert.resolved is not None
    assert alert.resolved < began
    assert room.told("alert.resolved")[-1] == ("alert.resolved", "kiosk-1")


def test_found_again_its_calm_begins_anew(room: Room) -> None:
    flap(room, 3)
    room.wait(90)
    room.fire("kiosk-1")
    room.wait(200)
    assert room.of("kiosk-1").state is State.FIRING
    room.clear("kiosk-1")
    room.wait(100)
    assert room.of("kiosk-1").state is State.RESOLVED


def test_slower_than_that_nothing_is_held(room: Room) -> None:
    for _ in range(5):
        flap(room, 1)
        room.wait(60)
    assert {one.flapping for one in room.all()} == {False}
