"""Areas and sites by the API: everyone may read them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from city.geography import Areas, Atlas, Boundaries, Site
from city.geography.history import HISTORY
from runtime.clock import Fake
from tests.fixtures.stage import Stage
from tests.fixtures.tables import ready
from web import places

SQUARE = ((108.535, -6.745), (108.545, -6.745), (108.545, -6.735), (108.535, -6.735), (108.535, -6.745))
SUNYARAGI = "32.74.05.1002"


@pytest.fixture
def atlas(tmp_path: Path, clock: Fake) -> Iterator[Atlas]:
    db = ready(f"sqlite:///{tmp_path / 'places.sqlite'}", [HISTORY])
    areas = Areas.load()
    yield Atlas(db, clock, areas, Boundaries(areas, {SUNYARAGI: ((SQUARE,),)}))
    db.close()


@pytest.fixture
def client(tmp_path: Path, clock: Fake, atlas: Atlas) -> Iterator[TestClient]:
    stage = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", clock, extra=[places.contribution(atlas)])
    with TestClient(stage.app(), raise_server_exceptions=False) as client:
        yield client
    stage.close()


def put(atlas: Atlas, *sites: Site) -> None:
    with atlas._db.begin() as tx:
        for site in sites:
            atlas.put(tx, site)


def site(id_: str, longitude: float = 108.54, **more: object) -> Site:
    return Site(id=id_, title=id_, longitude=longitude, latitude=-6.74, **more)  # type: ignore[arg-type]


def test_areas_page_by_page(client: TestClient) -> None:
    seen = []
    cursor: str | None = ""
    while cursor is not None:
        answer = client.get("/api/v1/areas", params={"limit": 10, "cursor": cursor}).json()
        seen += [area["code"] for area in answer["items"]]
        cursor = answer["next"]
    assert len(seen) == 27
    assert seen == sorted(seen)
    kesambi = client.get("/api/v1/areas?parent=32.74.05").json()["items"]
    assert [area["name"] for area in kesambi] == [
        "Pekiringan",
        "Sunyaragi",
        "Kesambi",
        "Drajat",
        "Karyamulya",
    ]
    assert len(client.get("/api/v1/areas?level=kecamatan").json()["items"]) == 5
    assert client.get("/api/v1/areas/3274051002").json()["name"] == "Sunyaragi"
    assert client.get("/api/v1/areas/9").status_code == 404
    assert client.get("/api/v1/areas?cursor=x").status_code == 422


def test_areas_with_the_boundaries_that_are_known(client: TestClient) -> None:
    answer = client.get("/api/v1/areas.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features = {feature["id"]: feature for feature in answer.json()["features"]}
    assert features[SUNYARAGI]["geometry"]["type"] == "Polygon"
    assert features["32.74.05"]["geometry"] is None
    again = client.get("/api/v1/areas.geojson", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_sites_and_their_revision(client: TestClient, atlas: Atlas) -> None:
    before = client.get("/api/v1/sites.geojson")
    put(atlas, site("bima", polygon=(SQUARE,)), site("pos", longitude=108.56))
    assert [one["id"] for one in client.get("/api/v1/sites").json()["items"]] == ["bima", "kota", "pos"]
    assert [one["id"] for one in client.get(f"/api/v1/sites?kelurahan={SUNYARAGI}").json()["items"]] == [
        "bima"
    ]
    page = client.get("/api/v1/sites?limit=2").json()
    rest = client.get("/api/v1/sites", params={"cursor": page["next"]}).json()
    assert [one["id"] for one in rest["items"]] == ["pos"]
    one = client.get("/api/v1/sites/bima")
    assert one.headers["etag"] == '"1"'
    assert one.json()["kelurahan"] == SUNYARAGI
    assert client.get("/api/v1/sites/nothing").status_code == 404
    after = client.get("/api/v1/sites.geojson", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert {feature["geometry"]["type"] for feature in after.json()["features"]} == {"Point", "Polygon"}


def test_points(client: TestClient, atlas: Atlas) -> None:
    put(atlas, site("bima", polygon=(SQUARE,)), site("pos", longitude=108.56))
    at = client.get("/api/v1/places/at?longitude=108.54&latitude=-6.74").json()
    assert at == {"site": "bima", "sites": ["bima"], "kelurahan": SUNYARAGI, "kecamatan": "32.74.05"}
    near = client.get("/api/v1/places/near?longitude=108.5601&latitude=-6.74").json()["items"]
    assert [(one["site"]["id"], one["metres"]) for one in near] == [("pos", 11.1), ("bima", 1669.4)]
    for query in ("", "longitude=x&latitude=0", "longitude=200&latitude=0", "longitude=nan&latitude=0"):
        assert client.get(f"/api/v1/places/at?{query}").status_code == 422
