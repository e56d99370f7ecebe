"""One, then some, then all; and back again where it does no good."""

from collections.abc import Mapping

import pytest
from sqlalchemy import select

from city.audit import Filters
from city.audit import page as trail
from city.errors import LeaseLost, Outdated
from city.identity.caller import SYSTEM
from city.outbox.tables import outbox
from contracts.errors import Refused
from contracts.presence import State as Presence
from devices.rollouts import Part, State, Step
from devices.rollouts.errors import Busy, NotNow, Unknown
from devices.rollouts.gate import Health
from devices.rollouts.model import Plan
from devices.rollouts.roles import MANAGE
from devices.selector import Selector
from tests.devices.conftest import engineer
from tests.devices.rollouts.conftest import PATIENT, Fleet, away


def test_a_preview_says_who_changes_from_what_to_what(fleet: Fleet) -> None:
    fleet.den.wish("k000", volume=30)
    fleet.den.wish("k001", volume=90)
    preview = fleet.service.preview(SYSTEM, Selector(site="bima"), {"volume": 30})
    assert (preview.total, preview.same, preview.unfit, preview.stages) == (19, 1, ("w1",), (1, 2, 19))
    row = next(row for row in preview.rows if row.device == "k001")
    assert [(one.key, one.before, one.after) for one in row.changes] == [("volume", 90, 30)]
    assert fleet.having(30) == ["k000"]  # nothing was done


def test_it_goes_from_one_to_some_to_all(fleet: Fleet) -> None:
    rollout = fleet.start()
    counts = []
    for _ in range(3):
        fleet.settle()
        counts.append(len(fleet.having(30)))
        fleet.obey()
    fleet.settle()
    assert counts == [1, 2, 20]
    told = fleet.get(rollout.id)
    assert (told.state, told.counts, told.steps) == (State.DONE, {"matched": 20}, ())
    with fleet.db.read() as tx:
        types = tx.execute(select(outbox.c.type).order_by(outbox.c.id)).scalars().all()
        (noted,) = trail(tx, Filters(record=rollout.id))
    assert (types[0], [one for one in types if one.startswith("rollout.")][-1]) == (
        "rollout.started",
        "rollout.ended",
    )
    assert (noted.action, noted.fields) == ("started", ("volume",))


def test_a_stage_is_watched_before_the_next(fleet: Fleet) -> None:
    fleet.start(Plan(soak=120, patience=600))
    fleet.settle()
    fleet.obey()
    fleet.settle()
    assert len(fleet.having(30)) == 1
    fleet.clock.advance(119)
    fleet.settle()
    assert len(fleet.having(30)) == 1
    fleet.clock.advance(2)
    fleet.settle()
    assert len(fleet.having(30)) == 2


@pytest.mark.parametrize("fault", ["refuses", "says nothing", "goes offline", "raises an alert", "sleeps"])
def test_a_canary_that_fails_takes_the_change_back(fleet: Fleet, fault: str) -> None:
    for name in fleet.names:
        fleet.den.wish(name, volume=70, brightness=40)
    if fault == "sleeps":
        fleet.fares.devices = {name: away() for name in fleet.names}
    rollout = fleet.start(Plan(soak=600, patience=60))
    fleet.settle()
    (canary,) = fleet.having(30)
    match fault:
        case "refuses":
            version = fleet.den.get(canary).version
            fleet.den.report(canary, version=version, volume=70, refused={"volume": "no loudspeaker"})
        case "says nothing" | "sleeps":
            fleet.clock.advance(61)
        case "goes offline":
            fleet.obey(canary)
            fleet.fares.devices[canary] = away(fleet.clock.now())
            fleet.settle()
            assert fleet.get(rollout.id).state == State.RUNNING  # a short cut is nothing
            fleet.clock.advance(61)
        case _:
            fleet.obey(canary)
            fleet.fares.devices[canary] = Health(state=Presence.ONLINE, alert="it is too hot")
    fleet.settle()
    told = fleet.get(rollout.id)
    assert told.state == State.ROLLED_BACK
    assert told.reason
    assert fleet.having(70) == fleet.names
    assert fleet.den.get(canary).values == {"volume": 70, "brightness": 40}
    assert fleet.den.service.history(SYSTEM, canary)[0].source == rollout.id
    fleet.start()  # its devices are free again


def test_some_may_fail_where_the_plan_bears_it(fleet: Fleet) -> None:
    rollout = fleet.start(Plan(soak=0, patience=60, share=50, tolerance=10))
    fleet.settle()
    fleet.obey()
    fleet.settle()
    some = [item.device for item in fleet.items(rollout.id) if item.stage == 1]
    fleet.obey(*some[1:])  # one of nine says nothing: 11 %
    fleet.clock.advance(61)
    fleet.settle()
    assert fleet.get(rollout.id).state == State.ROLLED_BACK
    again = fleet.start(Plan(soak=0, patience=60, share=50, tolerance=20))
    fleet.settle()
    fleet.obey()
    fleet.settle()
    some = [item.device for item in fleet.items(again.id) if item.stage == 1]
    fleet.obey(*some[1:])
    fleet.clock.advance(61)
    fleet.settle()
    fleet.obey()
    fleet.settle()
    assert fleet.get(again.id).state == State.DONE


def test_sleeping_devices_hold_nothing_up_and_become_so_later(fleet: Fleet) -> None:
    asleep = fleet.names[:15]
    for name in asleep:
        fleet.fares.devices[name] = away()
    rollout = fleet.start()
    for _ in range(4):
        fleet.settle()
        fleet.obey(*fleet.names[15:])
    fleet.settle()
    told = fleet.get(rollout.id)
    assert told.state == State.DONE
    assert "15 devices are asleep" in told.reason
    assert len(fleet.having(30)) == 20
    assert {item.device for item in fleet.items(rollout.id) if item.stage == 0}.isdisjoint(asleep)


def test_what_somebody_changed_meanwhile_is_left_to_him(fleet: Fleet) -> None:
    rollout = fleet.start()
    fleet.settle()
    (canary,) = fleet.having(30)
    fleet.den.wish(canary, volume=55)
    fleet.step(rollout.id, Step.ABORT)
    fleet.settle()
    assert fleet.den.get(canary).values == {"volume": 55}
    assert [item.state for item in fleet.items(rollout.id) if item.device == canary] == [Part.KEPT]


def test_a_person_pauses_goes_on_and_aborts(fleet: Fleet) -> None:
    rollout = fleet.start()
    fleet.settle()
    fleet.step(rollout.id, Step.PAUSE)
    fleet.obey()
    fleet.settle()
    assert len(fleet.having(30)) == 1
    with pytest.raises(NotNow):
        fleet.step(rollout.id, Step.PAUSE)
    with pytest.raises(Outdated):
        fleet.step(rollout.id, Step.RESUME, seen=1)
    fleet.step(rollout.id, Step.RESUME)
    fleet.settle()
    assert len(fleet.having(30)) == 2
    fleet.step(rollout.id, Step.ABORT)
    fleet.settle()
    told = fleet.get(rollout.id)
    assert (told.state, told.reason) == (State.ROLLED_BACK, "abort by /platform: so I say")
    assert fleet.having(30) == []


def test_who_leaves_it_leaves_the_devices_as_they_are(fleet: Fleet) -> None:
    rollout = fleet.start()
    fleet.settle()
    assert fleet.step(rollout.id, Step.LEAVE).state == State.ABORTED
    fleet.settle()
    assert len(fleet.having(30)) == 1
    with pytest.raises(NotNow):
        fleet.step(rollout.id, Step.ABORT)


def test_a_device_is_part_of_one_at_a_time(fleet: Fleet) -> None:
    first = fleet.start()
    preview = fleet.service.preview(SYSTEM, Selector(devices=("k003",)), {"volume": 10})
    assert preview.busy == ("k003",)
    with pytest.raises(Busy) as busy:
        fleet.start(PATIENT, chosen=Selector(devices=("k003",)), volume=10)
    assert busy.value.rollout == first.id


def test_what_changes_nobody_or_fits_nobody_is_refused(fleet: Fleet) -> None:
    with pytest.raises(Refused):
        fleet.start(volume=101)
    with pytest.raises(Refused, match="such key"):
        fleet.start(PATIENT, chosen=Selector(devices=("w1",)), volume=10)
    fleet.den.wish("k000", volume=10)
    with pytest.raises(Refused, match="no device would change"):
        fleet.start(PATIENT, chosen=Selector(devices=("k000",)), volume=10)
    with pytest.raises(Refused):
        fleet.service.preview(SYSTEM, Selector(all=True), {})


def test_others_devices_are_not_theirs_to_change(fleet: Fleet) -> None:
    somebody = engineer("unit-1", MANAGE)
    assert fleet.service.preview(somebody, Selector(all=True), {"volume": 1}).total == 0
    rollout = fleet.start()
    with pytest.raises(Unknown):
        fleet.service.get(somebody, rollout.id)
    with pytest.raises(Unknown), fleet.db.begin() as tx:
        fleet.service.step(tx, somebody, rollout.id, Step.PAUSE, why="x")
    assert fleet.service.page(somebody) == []
    assert [one.id for one in fleet.service.page(SYSTEM, active=True)] == [rollout.id]


def test_only_the_holder_of_the_lease_moves(fleet: Fleet) -> None:
    fleet.start()
    fleet.lease.give_back()
    with pytest.raises(LeaseLost):
        fleet.turn()
    assert fleet.having(30) == []


def test_what_a_person_decides_while_the_desk_looks_counts(fleet: Fleet) -> None:
    rollout = fleet.start()
    calm = fleet.fares

    class Late:
        def look(self, devices: Mapping[str, int]) -> Mapping[str, Health]:
            fleet.step(rollout.id, Step.PAUSE)
            return calm.look(devices)

    fleet.driver._gate = Late()
    fleet.turn()
    assert fleet.having(30) == []
    assert fleet.get(rollout.id).state == State.PAUSED
