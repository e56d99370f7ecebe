"""How often and how much one may ask: exact, in bounded memory, and told with when to come back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, Body, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from city.identity.caller import Caller, Kind
from runtime.clock import Fake
from tests.fixtures.stage import Stage
from web import access
from web.contribution import Contribution
from web.limits import Counter
from web.records import reply
from web.settings import Limits, Pace

FEW = Limits(address=Pace(a_second=1.0, burst=6), caller=Pace(a_second=0.5, burst=3), body=1_000)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3)), max_size=60),
    st.integers(1, 5),
    st.sampled_from([0.5, 1.0, 4.0]),
)
def test_never_more_than_the_burst_and_the_pace(
    asked: list[tuple[str, float]], burst: int, a_second: float
) -> None:
    clock = Fake()
    counter = Counter(Pace(a_second=a_second, burst=burst), clock)
    passed: dict[str, list[float]] = {"a": [], "b": []}
    for name, pause in asked:
        clock.advance(pause)
        if not counter.take(name):
            passed[name].append(clock.monotonic())
    for times in passed.values():
        for at, start in enumerate(times):
            for later, end in enumerate(times[at:], start=1):
                assert later <= burst + (end - start) * a_second + 1e-6


def test_who_waits_as_long_as_told_may_go_on() -> None:
    clock = Fake()
    counter = Counter(Pace(a_second=2.0, burst=2), clock)
    assert [counter.take("a") for _ in range(2)] == [0.0, 0.0]
    wait = counter.take("a")
    assert wait == pytest.approx(0.5)
    clock.advance(wait / 2)
    assert counter.take("a") == pytest.approx(wait / 2)
    clock.advance(wait / 2)
    assert counter.take("a") == 0.0
    assert counter.take("b") == 0.0


def test_memory_is_bounded() -> None:
    counter = Counter(Pace(a_second=1.0, burst=1), Fake(), kept=10)
    for number in range(1_000):
        counter.take(str(number))
    assert len(counter) == 10
    assert counter.take("999") > 0


async def _by_header(request: Request) -> access.Known:
    name = request.headers.get("x-name", "")
    kind = Kind.PERSON if name else Kind.ANONYMOUS
    return access.Known(caller=Caller(kind=kind, id=name or "anonymous", name=name))


@pytest.fixture
def client(tmp_path: Path, clock: Fake) -> Iterator[TestClient]:
    routes = APIRouter(dependencies=[access.public()])

    @routes.get("/api/look")
    async def look() -> object:
        return reply({})

    @routes.post("/api/{where}")
    async def put(where: str, text: Annotated[str, Body(embed=True)]) -> object:
        return reply(len(text))

    made = Contribution(name="made", routers=(routes,), large={"/api/files": 5_000})
    stage = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", clock, extra=[made])
    app = stage.app(limited=FEW, resolve=_by_header)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
    stage.close()


def test_an_address_is_told_when_to_come_back(client: TestClient, clock: Fake) -> None:
    assert [client.get("/api/look").status_code for _ in range(7)] == [200] * 6 + [429]
    refused = client.get("/api/look")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Retry-After" in refused.json()["cure"]
    assert client.get("/healthz").status_code == 200  # who watches us is not kept away
    clock.advance(1)
    assert client.get("/api/look").status_code == 200


def test_a_caller_has_a_limit_of_his_own(client: TestClient, clock: Fake) -> None:
    sri = {"x-name": "sri"}
    assert [client.get("/api/look", headers=sri).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/api/look", headers=sri).headers["retry-after"] == "2"
    assert client.get("/api/look", headers={"x-name": "budi"}).status_code == 200


def test_a_body_has_a_limit(client: TestClient) -> None:
    assert client.post("/api/texts", json={"text": "x" * 900}).status_code == 200
    refused = client.post("/api/texts", json={"text": "x" * 1_000})
    assert refused.status_code == 413
    assert refused.json()["detail"] == "the request is larger than 1000 bytes"


def test_so_has_one_that_does_not_say_how_long_it_is(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(20):
            yield b"x" * 100
        yield b'"}'

    headers = {"content-type": "application/json"}
    refused = client.post("/api/texts", content=pieces(), headers=headers)
    assert (refused.status_code, refused.json()["status"]) == (413, 413)
    assert client.post("/api/files", content=pieces(), headers=headers).status_code == 200
