"""Renewals driven to their end on both databases, whatever devices answer and whoever is killed."""

from typing import Any, cast

import pytest

from city.audit import Trail
from city.identity.caller import SYSTEM
from city.identity.holders import Holder
from city.notifications import Notice
from contracts.commands import InstallCertificate, RotateKey, Standing, State, Type, type_of
from contracts.commands import What as Wish
from contracts.errors import Refused
from devices.enrolment.findings import What, findings, telling
from devices.enrolment.renewing import Driver, trouble
from devices.roles import ENROL
from tests.devices.ca.makers import csr
from tests.devices.conftest import noted, plan
from tests.devices.enrolment.conftest import Office

DAY = 86_400.0


class Orders:
    """contracts.commands.Commands of which a test says what became of them."""

    def __init__(self) -> None:
        self.issued: list[tuple[str, Wish]] = []
        self.ends: dict[str, Standing] = {}
        self.refuses = False

    def issue(self, device: str, what: Wish, *, by: str, why: str, seconds: int = 300) -> Standing:
        if self.refuses:
            raise Refused("device", device, "not now")
        self.issued.append((device, what))
        return self._standing(what, f"c-{len(self.issued)}", device)

    def look(self, command: str) -> Standing:
        if command in self.ends:
            return self.ends[command]
        device, what = self.issued[int(command[2:]) - 1]
        return self._standing(what, command, device)

    def done(self, number: int, state: State = State.DONE, reason: str = "", **value: Any) -> None:
        device, what = self.issued[number - 1]
        key = f"c-{number}"
        standing = self._standing(what, key, device)
        self.ends[key] = Standing(
            **{
                name: getattr(standing, name)
                for name in Standing.__struct_fields__
                if name not in {"state", "over", "value", "reason"}
            },
            state=state,
            over=True,
            value=value,
            reason=reason,
        )

    def _standing(self, what: Wish, key: str, device: str) -> Standing:
        return Standing(id=key, device=device, type=type_of(what), state="queued", over=False, time=0)


@pytest.fixture
def orders() -> Orders:
    return Orders()


@pytest.fixture
def driver(office: Office, orders: Orders) -> Driver:
    with office.db.begin() as tx:
        office.registry.add(tx, SYSTEM, plan())
    office.enrol(office.claim().code, csr("kiosk-07"))
    office.clock.advance(60 * DAY)
    return Driver(office.db, office.renewal, orders, clock=office.clock, trail=Trail(clock=office.clock))


def test_a_certificate_that_was_never_used_is_asked_for_again_and_told(
    office: Office, orders: Orders, driver: Driver
) -> None:
    told: list[tuple[str, str]] = []

    class Notices:
        def ask(self, tx: Any, notice: Notice) -> str:
            told.append((notice.template, notice.person))
            return ""

    class Holders:
        def of(self, tx: Any, permission: str, unit: str) -> list[Holder]:
            return [Holder(id="p-1", name="Sri")] if permission == ENROL else []

    driver._tell = telling(office.renewal, cast("Any", Notices()), cast("Any", Holders()))
    driver.turn()
    orders.done(1, csr=csr("kiosk-07"))
    driver.turn()
    orders.done(2, State.FAILED, "no room")  # the new one was issued, and never came to be used
    driver.turn()
    assert kinds(office) == [("kiosk-07", What.FAILED, "no room")]
    assert told == []
    office.clock.advance(7 * DAY - 60)
    driver.turn()
    assert (len(orders.issued), kinds(office)) == (2, [])
    office.clock.advance(120)
    assert kinds(office) == [("kiosk-07", What.OUTLIVED, "")]
    for _ in range(2):
        driver.turn()
    assert told == [("devices.certificate-outlived", "p-1")]
    assert [type_of(what) for _, what in orders.issued[2:]] == [Type.ROTATE_KEY]
    orders.done(3, csr=csr("kiosk-07"))
    driver.turn()
    orders.done(4, serial=office.certificates()[0])
    driver.turn()
    assert (len(office.certificates()), kinds(office)) == (1, [])
    office.clock.advance(91 * DAY)
    driver.turn()
    assert kinds(office) == [("kiosk-07", What.ENDED, "")]
    assert told[1:] == [("devices.certificate-ended", "p-1")]
    with office.db.begin() as tx:
        office.registry.disable(tx, SYSTEM, "kiosk-07", why="dicuri")
    assert kinds(office) == []


def kinds(office: Office) -> list[tuple[str, What, str]]:
    with office.db.read() as tx:
        return [(one.device, one.what, one.reason) for one in findings(tx, office.renewal)]


def why(office: Office) -> str:
    with office.db.read() as tx:
        return trouble(tx, "kiosk-07")


def test_to_its_end(office: Office, orders: Orders, driver: Driver) -> None:
    (old,) = office.certificates()
    driver.turn()
    driver.turn()
    assert orders.issued == [("kiosk-07", RotateKey())], "asked once"
    orders.done(1, csr=csr("kiosk-07"))
    driver.turn()
    driver.turn()
    _, what = orders.issued[1]
    assert isinstance(what, InstallCertificate)
    assert len(orders.issued) == 2
    new = next(one for one in office.certificates() if one != old)
    orders.done(2, serial=new)
    driver.turn()
    assert office.certificates() == [new]
    driver.turn()
    assert len(orders.issued) == 2, "nothing is due any more"
    assert noted(office.db, "kiosk-07")[0].action == "certificate.installed"
    assert why(office) == ""


@pytest.mark.parametrize("end", ["refused", "another name", "no request"])
def test_what_fails_is_tried_again_later(office: Office, orders: Orders, driver: Driver, end: str) -> None:
    driver.turn()
    if end == "refused":
        orders.done(1, State.REFUSED, "the disk is full")
    else:
        value: dict[str, Any] = {"csr": csr("kiosk-08")} if end == "another name" else {}
        orders.done(1, **value)
    driver.turn()
    assert why(office)
    driver.turn()
    assert len(orders.issued) == 1
    office.clock.advance(6 * 3_600 + 1)
    driver.turn()
    assert len(orders.issued) == 2
    assert len(office.certificates()) == 1


def test_who_says_another_serial_keeps_both(office: Office, orders: Orders, driver: Driver) -> None:
    driver.turn()
    orders.done(1, csr=csr("kiosk-07"))
    driver.turn()
    orders.done(2, serial="beef")
    driver.turn()
    assert "another certificate" in why(office)
    assert len(office.certificates()) == 2


def test_a_kill_between_order_and_row_asks_twice(office: Office, orders: Orders, driver: Driver) -> None:
    orders.issue("kiosk-07", RotateKey(), by="system", why="")
    driver.turn()
    request = csr("kiosk-07")
    orders.done(1, csr=request)
    orders.done(2, csr=request)
    driver.turn()
    driver.turn()
    assert len(office.certificates()) == 2, "one answer for one request"


def test_who_takes_no_orders(office: Office, orders: Orders, driver: Driver) -> None:
    orders.refuses = True
    driver.turn()
    assert "not now" in why(office)
