"""Certificates renewed on both databases, passwords for others, and who the broker should know."""

import pytest

from city.identity.caller import SYSTEM
from contracts.errors import Refused
from contracts.roster import Entry
from contracts.topics import Kind
from devices.enrolment.wanted import OfRegistry
from devices.errors import NotNow
from devices.registry import State
from devices.roster import Roster
from tests.devices.ca.makers import csr
from tests.devices.conftest import plan
from tests.devices.enrolment.conftest import Office

DAY = 86_400.0


def enrolled(office: Office, device: str = "kiosk-07") -> str:
    with office.db.begin() as tx:
        office.registry.add(tx, SYSTEM, plan(device))
    return office.enrol(office.claim(device).code, csr(device)).serial


def due(office: Office) -> tuple[list[str], list[str]]:
    with office.db.read() as tx:
        return office.renewal.due(tx), office.renewal.ended(tx)


def test_at_two_thirds_of_its_life(office: Office) -> None:
    old = enrolled(office)
    office.clock.advance(59 * DAY)
    assert due(office) == ([], [])
    office.clock.advance(1 * DAY)
    assert due(office) == (["kiosk-07"], [])
    request = csr("kiosk-07")
    with office.db.begin() as tx:
        given = office.renewal.answer(tx, "kiosk-07", request)
        assert office.renewal.answer(tx, "kiosk-07", request) == given, "asked again, the same"
    assert due(office) == ([], [])
    assert office.certificates() == [given.serial, old], "the old one is good until the new one has connected"
    with office.db.begin() as tx:
        assert office.renewal.installed(tx, "kiosk-07", "beef") == []
        assert office.renewal.installed(tx, "kiosk-07", given.serial) == [old]
        assert office.renewal.installed(tx, "kiosk-07", given.serial) == []
    assert office.certificates() == [given.serial]


def test_nobody_told_whether_it_worked(office: Office) -> None:
    enrolled(office)
    office.clock.advance(60 * DAY)
    with office.db.begin() as tx:
        office.renewal.answer(tx, "kiosk-07", csr("kiosk-07"))
        assert office.renewal.outlived(tx) == []
    office.clock.advance(8 * DAY)
    with office.db.read() as tx:
        assert office.renewal.outlived(tx) == ["kiosk-07"]


def test_what_has_ended_needs_a_claim(office: Office) -> None:
    old = enrolled(office)
    office.clock.advance(91 * DAY)
    assert due(office) == ([], ["kiosk-07"])
    new = office.enrol(office.claim().code, csr("kiosk-07")).serial
    assert due(office) == ([], [])
    assert new != old


def test_who_is_shut_out_or_lies_is_not_renewed(office: Office) -> None:
    enrolled(office)
    with office.db.begin() as tx, pytest.raises(Refused, match="another name"):
        office.renewal.answer(tx, "kiosk-07", csr("kiosk-08"))
    with office.db.begin() as tx:
        office.registry.disable(tx, SYSTEM, "kiosk-07", why="dicuri")
    office.clock.advance(60 * DAY)
    assert due(office) == ([], [])
    with office.db.begin() as tx, pytest.raises(NotNow):
        office.renewal.answer(tx, "kiosk-07", csr("kiosk-07"))


def test_passwords_for_what_cannot_make_a_key(office: Office) -> None:
    with office.db.begin() as tx:
        office.registry.add(tx, SYSTEM, plan("sensor-01", kind=Kind.SENSOR))
        first = office.accounts.make(tx, SYSTEM, "sensor-01")
        second = office.accounts.make(tx, SYSTEM, "sensor-01")
        assert office.accounts.passwords(tx) == {"sensor-01": second.password}
        assert office.accounts.made(tx, "sensor-01") == office.clock.now()
    assert first.password != second.password
    assert len(second.password) >= 32
    assert office.registry.get(SYSTEM, "sensor-01").state is State.ENROLLED
    with office.db.begin() as tx:
        assert office.accounts.remove(tx, SYSTEM, "sensor-01")
        assert not office.accounts.remove(tx, SYSTEM, "sensor-01")
        assert office.accounts.passwords(tx) == {}


def test_whom_the_broker_should_know(office: Office) -> None:
    beside = Roster([Entry(device=one, kind=Kind.KIOSK, site="bima") for one in ("old-01", "kiosk-07")])
    wanted = OfRegistry(office.db, office.accounts, beside)
    enrolled(office)
    enrolled(office, "kiosk-08")
    with office.db.begin() as tx:
        office.registry.add(tx, SYSTEM, plan("kiosk-09"))
        office.registry.add(tx, SYSTEM, plan("sensor-01", kind=Kind.SENSOR))
        password = office.accounts.make(tx, SYSTEM, "sensor-01").password
        office.registry.disable(tx, SYSTEM, "kiosk-08", why="dicuri")
    found = {one.device.device: (one.enabled, one.password) for one in wanted.accounts()}
    assert found == {
        "kiosk-07": (True, ""),
        "kiosk-08": (False, ""),
        "sensor-01": (True, password),
        "old-01": (True, None),
    }
    for device, (enabled, secret) in found.items():
        one = wanted.account(device)
        assert one is not None
        assert (one.enabled, one.password) == (enabled, secret)
    assert wanted.account("kiosk-09") is None
    assert wanted.account("nobody") is None
