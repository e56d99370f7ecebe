"""Commands are issued by who may, with a reason, and noted; bulks reach whom they say."""

import pytest
from sqlalchemy import select

from city.audit import Filters as Entries
from city.audit import page as trail
from city.errors import Outdated
from city.identity.caller import SYSTEM, Caller
from city.outbox.tables import outbox
from contracts.commands import Reboot, RunDiagnostics, SetVolume, Type
from contracts.errors import Refused
from contracts.topics import Kind
from devices.commands import Filters, State, records
from devices.commands.errors import Left, Unknown
from devices.commands.model import sending
from devices.commands.roles import ALL, COMMANDERS, HARMLESS, permission
from devices.commands.service import ForProgrammes
from devices.errors import Forbidden
from devices.errors import Unknown as NoDevice
from devices.roles import READ
from devices.selector import Selector
from tests.devices.commands.conftest import House
from tests.devices.conftest import engineer


def test_a_command_waits_and_is_told_and_noted(house: House) -> None:
    record = house.issue("k1", SetVolume(percent=30))
    told = house.get(record.id)
    assert (told.state, told.reason) == (State.QUEUED, "it waits until the device is online")
    assert [(line.state, line.source) for line in told.history] == [(State.QUEUED, "desk")]
    with house.db.read() as tx:
        (noted,) = trail(tx, Entries(record=record.id))
        types = tx.execute(select(outbox.c.type)).scalars().all()
    assert (noted.action, noted.fields, noted.why) == (
        "issued",
        ("set-volume", "k1"),
        "to see whether it is well",
    )
    assert types == ["command.issued"]


def test_each_type_needs_its_own_permission(house: House) -> None:
    operator = Caller(kind=SYSTEM.kind.PERSON, id="p1", name="Sri", reach={permission(Type.SET_VOLUME): None})
    assert house.issue("k1", SetVolume(percent=1), by=operator).by == "p1"
    with pytest.raises(Forbidden) as forbidden:
        house.issue("k1", Reboot(), by=operator)
    assert forbidden.value.value == "devices.command.reboot"
    with pytest.raises(Forbidden):  # of a unit's engineer, for a device of no unit
        house.issue("k1", Reboot(), by=engineer("unit-1", permission(Type.REBOOT)))


def test_operators_harm_nobody() -> None:
    by = {role.name: set(role.permissions) for role in COMMANDERS}
    assert permission(Type.REBOOT) not in by["operator"]
    assert set(HARMLESS) <= by["operator"]
    assert set(ALL) <= by["engineer"]


@pytest.mark.parametrize(
    "device,seconds,error", [("nobody", 300, NoDevice), ("k1", 9, Refused), ("k1", 10**9, Refused)]
)
def test_what_cannot_be_is_refused(house: House, device: str, seconds: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        house.issue(device, seconds=seconds)


def test_a_bulk_reaches_who_is_chosen_once(house: House) -> None:
    chosen = Selector(kind=Kind.KIOSK, operator="city")
    preview = house.desk.preview(SYSTEM, chosen, Type.RUN_DIAGNOSTICS)
    assert (preview.devices, preview.left_out) == (("k1", "k2"), ())
    with house.db.begin() as tx:
        made = house.desk.issue_many(tx, SYSTEM, chosen, RunDiagnostics(), why="after the storm")
    bulk = made.id
    found = house.desk.progress(SYSTEM, bulk)
    assert (found, found.total, found.states, found.over) == (made, 2, {"queued": 2}, 0)
    assert {one.device for one in house.desk.page(SYSTEM, Filters(bulk=bulk))} == {"k1", "k2"}
    with pytest.raises(Unknown):
        house.desk.progress(engineer("unit-1", READ), bulk)


def test_who_may_not_reaches_nobody_by_a_bulk(house: House) -> None:
    by = engineer("unit-1", permission(Type.RUN_DIAGNOSTICS))
    preview = house.desk.preview(by, Selector(all=True), Type.RUN_DIAGNOSTICS)
    assert (preview.devices, len(preview.left_out)) == ((), 4)
    with house.db.begin() as tx, pytest.raises(Refused):
        house.desk.issue_many(tx, by, Selector(all=True), RunDiagnostics(), why="x")


@pytest.mark.parametrize(
    "chosen",
    [Selector(), Selector(site="nowhere"), Selector(devices=("k1", "ghost")), Selector(labels={"area": "z"})],
)
def test_a_selector_that_means_nobody_is_refused(house: House, chosen: Selector) -> None:
    with pytest.raises(Refused):
        house.desk.preview(SYSTEM, chosen, Type.REBOOT)


def test_pages_go_on_where_they_ended(house: House) -> None:
    made = []
    for _ in range(5):
        made.append(house.issue().id)
        house.clock.advance(1)
    first = house.desk.page(SYSTEM, Filters(device="k1"), limit=3)
    rest = house.desk.page(SYSTEM, Filters(), after=(first[-1].issued, first[-1].id), limit=3)
    assert [one.id for one in (*first, *rest)] == made[::-1]
    assert house.desk.page(engineer("unit-1", READ), Filters()) == []
    with pytest.raises(Unknown):
        house.desk.get(engineer("unit-1", READ), made[0])


def test_what_has_not_left_is_taken_back_by_who_might_have_sent_it(house: House) -> None:
    record = house.issue("k1", Reboot())
    for by in (engineer("unit-1", READ, permission(Type.REBOOT)), person(READ, permission(Type.SNAPSHOT))):
        with pytest.raises((Unknown, Forbidden)), house.db.begin() as tx:
            house.desk.withdraw(tx, by, record.id, why="x")
    sri = person(READ, permission(Type.REBOOT))
    with pytest.raises(Outdated), house.db.begin() as tx:
        house.desk.withdraw(tx, sri, record.id, why="x", seen=7)
    with house.db.begin() as tx:
        house.desk.withdraw(tx, sri, record.id, why="he is on site", seen=1)
    told = house.get(record.id)
    assert (told.state, told.over, told.reason) == (State.WITHDRAWN, True, "Sri took it back: he is on site")
    assert [line.state for line in told.history] == [State.QUEUED, State.WITHDRAWN]
    with house.db.read() as tx:
        noted = trail(tx, Entries(record=record.id))
        types = tx.execute(select(outbox.c.type).order_by(outbox.c.id)).scalars().all()
    assert (noted[0].action, noted[0].by, noted[0].why) == ("withdrawn", "p1", "he is on site")
    assert types == ["command.issued", "command.ended"]
    with pytest.raises(Left), house.db.begin() as tx:
        house.desk.withdraw(tx, SYSTEM, record.id, why="again")
    with pytest.raises(Unknown), house.db.begin() as tx:
        house.desk.withdraw(tx, SYSTEM, "nothing", why="x")
    with pytest.raises(Refused), house.db.begin() as tx:
        house.desk.withdraw(tx, SYSTEM, record.id, why=" ")


def test_of_a_bulk_what_has_not_left_is_taken_back(house: House) -> None:
    with house.db.begin() as tx:
        bulk = house.desk.issue_many(tx, SYSTEM, Selector(kind=Kind.KIOSK), Reboot(), why="storm").id
    (gone, *_) = house.desk.page(SYSTEM, Filters(bulk=bulk))
    with house.db.begin() as tx:
        records.put(tx, sending(gone, house.clock.now()), source="desk", line=True)
    nobody = engineer("unit-1", READ, permission(Type.REBOOT))
    with house.db.begin() as tx:
        assert house.desk.withdraw_many(tx, nobody, bulk, why="x").over == 0
    for _ in range(2):
        with house.db.begin() as tx:
            found = house.desk.withdraw_many(tx, SYSTEM, bulk, why="the wrong site")
        assert (found.states, found.over) == ({"withdrawn": 2, "sent": 1}, 2)
    assert house.get(gone.id).state == State.SENT
    with pytest.raises(Unknown), house.db.begin() as tx:
        house.desk.withdraw_many(tx, SYSTEM, "nothing", why="x")


def person(*permissions: str) -> Caller:
    """Somebody who may this for all devices."""
    return Caller(kind=SYSTEM.kind.PERSON, id="p1", name="Sri", reach=dict.fromkeys(permissions))


def test_programmes_issue_under_their_own_name(house: House) -> None:
    port = ForProgrammes(house.desk, house.db)
    standing = port.issue("k2", SetVolume(percent=5), by="/media", why="prayer time")
    assert (standing.state, standing.over, house.get(standing.id).by) == ("queued", False, "/media")
    assert port.look(standing.id) == standing
    with pytest.raises(LookupError):
        port.look("nothing")
