"""Who may ask, by the registry on each database."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert, update

from city.db import Database
from contracts.instants import DAY
from contracts.topics import Kind
from devices.ca.tables import authorities, certificates
from devices.registry import State
from devices.registry.tables import devices
from devices.sitekeys.door import Registered
from devices.sitekeys.errors import NotAdmitted
from runtime.clock import Fake
from tests.devices.conftest import Planned

PRINT = "ab" * 32
Certified = Callable[..., None]


@pytest.fixture
def certified(db: Database, clock: Fake) -> Certified:
    """Give a device a certificate with a fingerprint."""

    def give(device: str = "wifi-1", fingerprint: str = PRINT, *, ends: int = DAY) -> None:
        now = clock.now()
        common = {"certificate": "", "root": "", "starts": now, "ends": now + DAY, "made": now}
        with db.begin() as tx:
            tx.execute(insert(authorities).values(id=f"a-{fingerprint[:2]}", **common))
            tx.execute(
                insert(certificates).values(
                    serial=fingerprint[:8],
                    device=device,
                    authority=f"a-{fingerprint[:2]}",
                    pem="",
                    fingerprint=fingerprint,
                    request="",
                    key="",
                    starts=now,
                    ends=now + ends,
                    issued=now,
                    why="claim",
                    reason="",
                )
            )

    return give


@pytest.fixture
def door(db: Database, clock: Fake) -> Registered:
    return Registered(db, clock)


def reason(door: Registered, fingerprint: str = PRINT) -> str:
    with pytest.raises(NotAdmitted) as caught:
        door.admit(fingerprint)
    return caught.value.reason


def test_an_enrolled_wifi_node_is_admitted_for_its_own_site(
    door: Registered, planned: Planned, certified: Certified
) -> None:
    planned("wifi-1", kind=Kind.WIFI, state=State.ENROLLED, site="kesambi")
    certified()
    device = door.admit(PRINT)
    assert (device.device, device.site, device.kind) == ("wifi-1", "kesambi", Kind.WIFI)


def test_everybody_else_is_not(
    db: Database, door: Registered, planned: Planned, certified: Certified, clock: Fake
) -> None:
    assert reason(door) == "unknown"
    planned("kiosk-1", state=State.ENROLLED)
    certified("kiosk-1", "cd" * 32)
    assert reason(door, "cd" * 32) == "kind"
    planned("wifi-1", kind=Kind.WIFI, state=State.ENROLLED)
    certified()
    assert door.admit(PRINT).device == "wifi-1"
    with db.begin() as tx:
        tx.execute(update(devices).where(devices.c.device == "wifi-1").values(state=State.DISABLED))
    assert reason(door) == "disabled"
    with db.begin() as tx:
        tx.execute(update(devices).where(devices.c.device == "wifi-1").values(state=State.ENROLLED))
        tx.execute(update(certificates).where(certificates.c.device == "wifi-1").values(revoked=clock.now()))
    assert reason(door) == "revoked"


def test_a_certificate_that_ran_out_is_not(
    door: Registered, planned: Planned, certified: Certified, clock: Fake
) -> None:
    planned("wifi-1", kind=Kind.WIFI, state=State.ENROLLED)
    certified()
    clock.advance(86_401)
    assert reason(door) == "revoked"
