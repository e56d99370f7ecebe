"""Events are heard by who may read what they tell of, and no longer than he may."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import httpx
import pytest

from city import outbox
from city.identity.caller import Caller, Kind
from city.outbox import Tail
from tests.fixtures.served import Served
from tests.fixtures.stage import Stage
from tests.web.test_sse import LIMIT, ears, say, take, told
from web import sse

READER = Caller(kind=Kind.PERSON, id="p", name="Sri", strong=True, reach={"alerts.alerts.read": None})
NOBODY = Caller(kind=Kind.ANONYMOUS, id="anonymous", name="")


@pytest.fixture
async def stream(stage: Stage) -> AsyncIterator[sse.Stream]:
    async with stage.relaying():
        stream = sse.Stream(Tail(stage.db), Tail(stage.db))
        task = asyncio.create_task(stream.run())
        yield stream
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=LIMIT, cookies=served.cookies) as client:
        yield client


async def test_nobody_hears_what_he_may_not(stage: Stage, stream: sse.Stream) -> None:
    def tell(kind: str) -> None:
        event = outbox.event(kind, id=stage.ids(), source="/x", subject=kind, time=stage.clock.now(), data=1)
        stage.write(lambda tx: outbox.append(tx, event))

    for kind in ("case.opened", "unheard.of", "alert.firing", "case.closed", "alert.resolved"):
        tell(kind)
    listens = ears(READER, alert="alerts.alerts.read", case="wadul.cases.read")
    async with aclosing(stream.follow(0, (), listens)) as events:
        found = await take(events, 3)
    assert [told(event)[1] for event in found[1:]] == ["alert.firing", "alert.resolved"]


async def test_who_is_nobody_any_more_hears_nothing_more(
    stage: Stage, stream: sse.Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LOOK", 0.0)
    listens = ears(READER, READER, NOBODY, alert="alerts.alerts.read")
    async with aclosing(stream.follow(None, (), listens)) as events:
        await take(events, 1)
        say(stage, 1)
        assert told((await take(events, 1))[0])[1] == "alert-1"
        say(stage, 2)
        async with asyncio.timeout(LIMIT):
            assert await anext(events, None) is None


def test_a_session_that_is_ended_ends_its_stream(
    served: Served, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LOOK", 0.0)
    with http.stream("GET", "/api/v1/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        caller = served.identity.doors.caller(served.sri.token)
        assert caller
        served.identity.doors.end(caller, caller.session)
        say(served, 1)
        assert "alert-1" not in "".join(lines)
    assert http.get("/api/v1/events").status_code == 401
