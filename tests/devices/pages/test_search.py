"""The search finds a device by what people call it, for those alone who may see it."""

from __future__ import annotations

from fastapi.testclient import TestClient

from city.identity.caller import SYSTEM
from devices.registry import State, findable
from devices.roles import READ
from tests.devices.conftest import engineer, plan
from tests.devices.pages.conftest import Fleet
from tests.devices.test_api import as_


def found(client: TestClient, text: str) -> list[str]:
    """Addresses of devices, best first."""
    answer = client.get("/api/v1/search", params={"q": text, "kind": "device"}).json()
    return [one["path"] for one in answer["items"]]


def test_by_its_id_its_name_its_operator_and_its_serial_number(client: TestClient, fleet: Fleet) -> None:
    registry = fleet.parts.fleet.registry
    with fleet.parts.db.begin() as tx:
        wish = plan("gerbang-77", title="Papan sambut", operator="Biznet", unit="dishub", site="utara")
        registry.add(tx, SYSTEM, wish)
        registry.enrol(tx, SYSTEM, "gerbang-77", hardware={"serial": "10000000abcdef01"})
    for text in ("gerbang-77", "sambut", "biznet", "10000000abcdef01", "utara"):
        assert found(client, text) == ["/perangkat/gerbang-77"], text
    assert found(as_(fleet.whole, engineer("dishub", READ)), "sambut") == ["/perangkat/gerbang-77"]
    assert found(as_(fleet.whole, engineer("bappeda", READ)), "sambut") == []
    with fleet.parts.db.begin() as tx:
        registry.retire(tx, SYSTEM, "gerbang-77", why="Rusak")
    answer = client.get("/api/v1/search", params={"q": "sambut", "facet": "state:retired"}).json()
    assert [one["id"] for one in answer["items"]] == ["gerbang-77"]


def test_all_of_them_to_build_the_search_anew(fleet: Fleet) -> None:
    with fleet.parts.db.read() as tx:
        first = list(findable.SOURCE.page(tx, "", 2))
        rest = list(findable.SOURCE.page(tx, first[-1].id, 100))
    ids = [one.id for one in first + rest]
    assert ids == sorted(ids)
    assert {f"kiosk-{number}" for number in range(1, 6)} <= set(ids)
    assert State.PLANNED in {one.fields["state"] for one in first + rest}
