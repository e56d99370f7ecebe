"""The search by the API: who sees what, and pages that follow each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from city.identity.caller import Caller
from city.identity.caller import Kind as Who
from city.search import Document, Finder, Index, Kind, engine
from city.search.history import HISTORY
from contracts.judgements import Text
from runtime.clock import Fake
from tests.fixtures.stage import Stage
from tests.fixtures.tables import ready
from web import access, search

LAW = Kind(
    name="law",
    title=Text(id="Peraturan", en="Law"),
    heading=("title",),
    facets=("year",),
    needs="jeh.laws.read",
)


@pytest.fixture
def stage(tmp_path: Path, clock: Fake) -> Iterator[Stage]:
    db = ready(f"sqlite:///{tmp_path / 'search.sqlite'}", [HISTORY])
    index = Index(engine(lite=True))
    with db.begin() as tx:
        for number in range(7):
            fields = {"title": f"Perda parkir {number}", "year": f"{2020 + number % 2}"}
            document = Document(
                id=f"{number}", path=f"/hukum/{number}", fields=fields, unit="a", public=number < 5
            )
            index.put(tx, LAW, document)
    stage = Stage(
        f"sqlite:///{tmp_path / 'city.sqlite'}", clock, extra=[search.contribution(Finder(db, index), [LAW])]
    )
    yield stage
    stage.close()
    db.close()


def client(stage: Stage, *units: str) -> TestClient:
    """Of somebody who may read laws in these units; of nobody without."""

    async def known(_: Request) -> access.Known:
        reach = {LAW.needs: frozenset(units)} if units else {}
        kind = Who.PERSON if units else Who.ANONYMOUS
        return access.Known(caller=Caller(kind=kind, id="x", name="", reach=reach, strong=True))

    return TestClient(stage.app(resolve=known), raise_server_exceptions=False)


def test_a_caller_finds_what_he_may_see(stage: Stage) -> None:
    assert client(stage).get("/api/v1/search?q=parkir").json()["total"] == 5
    assert client(stage, "b").get("/api/v1/search?q=parkir").json()["total"] == 5
    found = client(stage, "a", "b").get("/api/v1/search?q=parkri ").json()
    assert found["total"] == 7
    assert found["read_as"] == {"parkri": "parkir"}
    assert found["kinds"] == {"law": {"id": "Peraturan", "en": "Law"}}
    assert found["facets"] == {"kind": {"law": 7}, "year": {"2020": 4, "2021": 3}}
    assert found["items"][0]["title"][1] == {"text": "parkir", "hit": True}


def test_narrowed_page_by_page(stage: Stage) -> None:
    reader = client(stage, "a")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = reader.get("/api/v1/search", params={"q": "perda", "limit": 3, "cursor": cursor}).json()
        seen += [hit["id"] for hit in answer["items"]]
        cursor = answer["next"]
    assert sorted(seen) == [str(number) for number in range(7)]
    narrowed = reader.get("/api/v1/search?q=perda&facet=year:2021&facet=year:1999&kind=law").json()
    assert {hit["id"] for hit in narrowed["items"]} == {"1", "3", "5"}


@pytest.mark.parametrize(
    "query", ["facet=year", "facet=:x", "cursor=x", "limit=0", "limit=101", "q=" + "a" * 201]
)
def test_what_is_no_question(stage: Stage, query: str) -> None:
    answer = client(stage).get(f"/api/v1/search?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]
