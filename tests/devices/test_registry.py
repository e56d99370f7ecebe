"""The registry on both databases: what it keeps, who may, what it tells."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from city.db import Database
from city.errors import Outdated
from city.identity.caller import SYSTEM
from city.outbox.tables import outbox
from city.privacy import Vault
from contracts.errors import Refused
from contracts.roster import Entry, Window
from contracts.topics import Kind
from devices.errors import Forbidden, NotNow, Taken, Unknown
from devices.registry import Contact, Filters, Live, Registry, State, contacts
from devices.registry.tables import devices, marks
from devices.roles import READ
from devices.roster import Roster
from tests.devices.conftest import Planned, engineer, noted, plan

BUDI = Contact(name="Budi", phone="0812 3456 7890")


def told(db: Database) -> list[tuple[str, Any]]:
    with db.read() as tx:
        rows = tx.execute(select(outbox.c.type, outbox.c.event).order_by(outbox.c.id)).all()
    return [(row.type, msgspec.json.decode(row.event)["data"]) for row in rows]


def test_a_plan_is_kept_and_told(db: Database, registry: Registry, planned: Planned) -> None:
    new = planned(title="  Kiosk   timur ", labels={"b": "2", "a": "1"}, names=("urn:x", "urn:x"))
    assert new.title == "Kiosk timur"
    assert new.names == ("urn:x",)
    assert registry.get(SYSTEM, "kiosk-07") == new
    assert [kind for kind, _ in told(db)] == ["device.planned"]
    assert [entry.action for entry in noted(db, "kiosk-07")] == ["planned"]


def test_an_id_is_given_once(registry: Registry, planned: Planned) -> None:
    planned()
    with pytest.raises(Taken):
        planned(site="elsewhere")
    with pytest.raises(Refused, match="part of the platform"):
        planned("analytics")


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"device": "Kiosk 7"}, "device"),
        ({"site": "platform"}, "site"),
        ({"kind": Kind.CITY}, "kind"),
        ({"longitude": 1.0}, "longitude"),
        ({"longitude": 181.0, "latitude": 0.0}, "longitude"),
        ({"longitude": float("nan"), "latitude": 0.0}, "longitude"),
        ({"labels": {"A b": ""}}, "labels"),
        ({"labels": {str(i): "" for i in range(33)}}, "labels"),
        ({"labels": {"a": "x" * 201}}, "labels"),
        ({"names": ("a b",)}, "names"),
        ({"names": tuple(f"n{i}" for i in range(17))}, "names"),
        ({"title": "x" * 121}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"maintenance": (Window(start=2, end=2),)}, "maintenance"),
        ({"unit": "nobody"}, "unit"),
    ],
)
def test_bad_plans_name_the_field(planned: Planned, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(**changes)
    assert refused.value.field == field


def test_a_change_counts_a_revision_and_names_fields(
    db: Database, registry: Registry, planned: Planned
) -> None:
    old = planned(state=State.ENROLLED)
    with db.begin() as tx:
        new = registry.change(tx, SYSTEM, plan(title="Baru", site="kejaksan"), seen=old.revision)
    assert (new.revision, new.title, new.state) == (2, "Baru", State.ENROLLED)
    assert noted(db, new.device)[0].fields == ("site", "title")
    assert told(db)[-1][1]["was_site"] == "bima"
    with db.begin() as tx, pytest.raises(Outdated):
        registry.change(tx, SYSTEM, plan(title="Lain"), seen=1)
    with db.begin() as tx, pytest.raises(Refused, match="stays a kiosk"):
        registry.change(tx, SYSTEM, plan(kind=Kind.WIFI))
    with db.begin() as tx:
        assert registry.change(tx, SYSTEM, plan(title="Baru", site="kejaksan")) == new, "nothing changed"
    assert len(told(db)) == 2


def test_its_life(db: Database, registry: Registry, planned: Planned) -> None:
    planned()
    steps: list[tuple[str, State]] = []

    def step(verb: str, **more: Any) -> None:
        with db.begin() as tx:
            found = getattr(registry, verb)(tx, SYSTEM, "kiosk-07", **more)
        steps.append((verb, found.state))

    step("disable", why="belum dipasang")
    step("enable")
    step("enrol", hardware={"model": "Pi 5"}, versions={"agent": "1"})
    step("disable", why="dicuri")
    step("disable", why="dicuri lagi")
    with db.begin() as tx, pytest.raises(NotNow, match="no credentials"):
        registry.enrol(tx, SYSTEM, "kiosk-07")
    step("enable", why="ditemukan")
    with db.begin() as tx, pytest.raises(NotNow):
        registry.retire(tx, SYSTEM, "kiosk-07", why="rusak", seen=None)
        registry.enable(tx, SYSTEM, "kiosk-07")
    step("retire", why="rusak")
    assert steps == [
        ("disable", State.DISABLED),
        ("enable", State.PLANNED),
        ("enrol", State.ENROLLED),
        ("disable", State.DISABLED),
        ("disable", State.DISABLED),
        ("enable", State.ENROLLED),
        ("retire", State.RETIRED),
    ]
    assert [kind.partition(".")[2] for kind, _ in told(db)] == [
        *("planned", "disabled", "enabled", "enrolled", "disabled", "enabled", "retired")
    ]
    assert registry.get(SYSTEM, "kiosk-07").hardware == {"model": "Pi 5"}
    with pytest.raises(Taken):
        planned()
    with db.begin() as tx, pytest.raises(NotNow):
        registry.change(tx, SYSTEM, plan(title="x"))
    with db.begin() as tx, pytest.raises(Unknown):
        registry.disable(tx, SYSTEM, "nobody", why="x")


def test_who_answers_for_it_lies_sealed(
    db: Database, registry: Registry, vault: Vault, planned: Planned
) -> None:
    with db.begin() as tx:
        registry.add(tx, SYSTEM, plan(), contact=BUDI)
    assert registry.contact(SYSTEM, "kiosk-07") == BUDI
    assert noted(db, "kiosk-07")[0].action == "viewed"
    assert "Budi" not in str(told(db))
    with db.begin() as tx:
        registry.change(tx, SYSTEM, plan(title="x"))
        assert contacts.read(tx, vault, "kiosk-07") == BUDI, "what is not given stays"
        registry.change(tx, SYSTEM, plan(), contact=Contact(name="Sri"))
    assert "contact" in noted(db, "kiosk-07")[0].fields
    with db.begin() as tx:
        registry.retire(tx, SYSTEM, "kiosk-07", why="rusak")
        assert not contacts.read(tx, vault, "kiosk-07")
    with db.begin() as tx, pytest.raises(Refused) as refused:
        registry.add(tx, SYSTEM, plan("kiosk-08"), contact=Contact(phone="tanya saja"))
    assert "tanya" not in str(refused.value)


def test_a_units_engineer_reaches_its_devices_alone(
    db: Database, registry: Registry, planned: Planned
) -> None:
    planned("kiosk-07")
    sri = engineer("indosat")
    assert registry.page(sri, Filters()) == []
    with pytest.raises(Forbidden):
        registry.get(sri, "kiosk-07")
    with db.begin() as tx, pytest.raises(Forbidden):
        registry.disable(tx, sri, "kiosk-07", why="x")
    with db.begin() as tx, pytest.raises(Forbidden):
        registry.add(tx, sri, plan("kiosk-08"))
    assert registry.page(engineer("", READ), Filters())[0].device == "kiosk-07"


def test_lists_filter_and_go_on(registry: Registry, planned: Planned) -> None:
    planned("wifi-01", kind=Kind.WIFI, operator="Telkomsel", title="Loop 100%")
    planned("kiosk-01", operator="Indosat")
    planned("kiosk-02", state=State.ENROLLED, site="kejaksan")

    def found(after: str = "", **filters: Any) -> list[str]:
        return [one.device for one in registry.page(SYSTEM, Filters(**filters), after=after)]

    assert found() == ["kiosk-01", "kiosk-02", "wifi-01"]
    assert found(after="kiosk-01") == ["kiosk-02", "wifi-01"]
    assert found(site="kejaksan") == found(state=State.ENROLLED) == ["kiosk-02"]
    assert found(kind=Kind.WIFI) == found(operator="Telkomsel") == found(part="LOOP 100%") == ["wifi-01"]
    assert found(part="k_osk") == []


def test_memory_follows(db: Database, registry: Registry, planned: Planned) -> None:
    stays = Entry(device="old-01", kind=Kind.KIOSK, site="bima")
    live = Live(db, Roster([stays, Entry(device="kiosk-07", kind=Kind.KIOSK, site="elsewhere")]))
    live.refresh()
    assert live.get("kiosk-07"), "of the file, while the registry says nothing of it"
    planned()
    assert live.refresh() == ["kiosk-07"]
    assert live.get("kiosk-07") is None, "planned: its word does not count"
    with db.begin() as tx:
        registry.enrol(tx, SYSTEM, "kiosk-07")
    assert live.refresh() == ["kiosk-07"]
    assert live.refresh() == []
    found = live.get("kiosk-07")
    assert found is not None
    assert found.site == "bima"
    assert [entry.device for entry in live.list(site="bima")] == ["kiosk-07", "old-01"]
    with db.begin() as tx:
        registry.disable(tx, SYSTEM, "kiosk-07", why="dicuri")
    live.refresh()
    assert [entry.device for entry in live.list()] == ["old-01"]


def test_memory_follows_a_backup_that_was_put_back(db: Database, planned: Planned) -> None:
    live = Live(db, Roster([]))
    planned("kiosk-07", state=State.ENROLLED)
    planned("kiosk-08", state=State.ENROLLED)
    live.refresh()
    with db.begin() as tx:
        tx.execute(delete(devices).where(devices.c.device == "kiosk-08"))
        tx.execute(update(marks).values(revision=2))
    assert sorted(live.refresh()) == ["kiosk-07", "kiosk-08"]
    assert [entry.device for entry in live.list()] == ["kiosk-07"]


async def test_memory_tells_who_wants_to_hear(db: Database, planned: Planned) -> None:
    live = Live(db, Roster([]))
    heard: list[str] = []
    live.on_change(heard.append)
    planned()
    await live.turn()
    await live.turn()
    assert heard == ["kiosk-07"]
    assert live.trouble == ""
