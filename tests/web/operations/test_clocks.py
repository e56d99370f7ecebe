"""Clocks that rest or fail, on pages and by API."""

import pytest

from city.schedule.clock import State
from tests.web.operations.conftest import LOOKS, Room

API = "/api/v1/clocks"
PAGE = "/operasi/jam"


@pytest.fixture
def clocks(room: Room) -> dict[str, int]:
    return {
        "parked": room.timer("TGI-1", State.PARKED, error="KeyError: 'team'"),
        "paused": room.timer("TGI-2", State.PAUSED, reason="menunggu suku cadang"),
        "failing": room.timer("TGI-3", State.RUNNING, error="Away: the gateway"),
        "well": room.timer("TGI-4", State.RUNNING),
    }


def test_each_page_shows_its_own_with_the_reason(room: Room, clocks: dict[str, int]) -> None:
    client = room.client()
    parked, failing, paused = (client.get(f"{PAGE}{path}").text for path in ("", "/gagal", "/jeda"))
    assert "KeyError" in parked
    assert "TGI-3" not in parked
    assert {number for number in range(1, 5) if f"TGI-{number}" in failing} == {1, 3}
    assert "menunggu suku cadang" in paused
    assert "/ulangi" not in paused
    assert f"{PAGE}/{clocks['parked']}/ulangi" in parked


def test_one_that_failed_is_fired_again_and_noted(room: Room, clocks: dict[str, int]) -> None:
    client = room.client()
    assert client.post(f"{PAGE}/{clocks['parked']}/ulangi").headers["location"] == PAGE
    assert "Tidak ada jam seperti ini" in client.get(PAGE).text
    assert room.noted() == [("p-sri", "replayed", "schedule.clock", str(clocks["parked"]))]
    assert client.post(f"{API}/{clocks['failing']}/replay").json()["key"] == "TGI-3"
    json = {"accept": "application/json"}
    assert client.post(f"{API}/{clocks['paused']}/replay", headers=json).status_code == 409
    assert client.post(f"{API}/{clocks['well']}/replay", headers=json).status_code == 409
    assert client.post(f"{API}/999/replay", headers=json).status_code == 404
    assert len(room.noted()) == 2


@pytest.mark.parametrize("which, keys", [("parked", ["TGI-1"]), ("failing", ["TGI-1", "TGI-3"])])
def test_by_the_api(room: Room, clocks: dict[str, int], which: str, keys: list[str]) -> None:
    client = room.client(LOOKS)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(API, params={"which": which, "limit": 1, "cursor": cursor}).json()
        found += [one["key"] for one in page["items"]]
        cursor = page["next"]
    assert found == keys
    assert client.post(f"{API}/{clocks['parked']}/replay").status_code == 403
