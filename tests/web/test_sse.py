"""Events reach every client once and in order, whatever happens to it meanwhile; probes never."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from sse_starlette import ServerSentEvent

from city import outbox
from city.errors import Unavailable
from city.identity.caller import SYSTEM, Caller
from city.outbox import Tail
from city.outbox.tables import outbox as table
from contracts.alerts import Alert
from contracts.cloudevents import CloudEvent
from tests.fixtures.served import Served
from tests.fixtures.stage import Stage, alert
from web import access, sse

LIMIT = 60.0  # seconds


def data(event: ServerSentEvent) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.data or "{}")
    return found


def told(event: ServerSentEvent) -> tuple[str, str]:
    return str(event.id), str(data(event).get("subject", ""))


async def take(stream: AsyncIterator[ServerSentEvent], count: int) -> list[ServerSentEvent]:
    async with asyncio.timeout(LIMIT):
        return [await anext(stream) for _ in range(count)]


@pytest.fixture
async def stream(stage: Stage) -> AsyncIterator[sse.Stream]:
    async with stage.relaying():
        stream = sse.Stream(Tail(stage.db), Tail(stage.db))
        task = asyncio.create_task(stream.run())
        yield stream
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(stream: sse.Stream, position: int) -> None:
    """Wait until the stream knows of so many events."""
    async with asyncio.timeout(LIMIT):
        while stream._head < position:
            await asyncio.sleep(0.01)


def everything() -> sse.Ears:
    """Ears of the platform itself."""
    return ears(SYSTEM)


def ears(caller: Caller, *later: Caller, **needs: str) -> sse.Ears:
    """Ears of somebody who is these later, one after the other."""
    callers = iter(later)

    async def look() -> access.Known:
        return access.Known(caller=next(callers))

    return sse.Ears(caller, look, {f"{name}.*": permission for name, permission in needs.items()})


def say(stage: Stage, *numbers: int, probe: bool = False) -> None:
    for number in numbers:
        one: Alert = alert(stage.clock, number, probe=probe)
        stage.write(lambda tx, one=one: outbox.append(tx, stage.event("firing", one), probe=one.probe))  # type: ignore[misc]


async def test_a_client_gets_what_happens_from_now_on(stage: Stage, stream: sse.Stream) -> None:
    say(stage, 1)
    await until(stream, 2)
    async with aclosing(stream.follow(None, ("alert.*",), everything())) as events:
        (start,) = await take(events, 1)
        assert start.retry == sse.RETRY
        assert told(start)[1] == ""
        say(stage, 2)
        (event,) = await take(events, 1)
        assert told(event)[1] == "alert-2"
        assert data(event)["type"] == "id.go.cirebonkota.imm.alert.firing"


async def test_a_client_resumes_where_it_was(stage: Stage, stream: sse.Stream) -> None:
    async with aclosing(stream.follow(None, ("alert.*",), everything())) as events:
        await take(events, 1)
        say(stage, 1)
        (first,) = await take(events, 1)
    say(stage, 2, 3)
    async with aclosing(stream.follow(int(str(first.id)), ("alert.*",), everything())) as events:
        found = await take(events, 3)
    assert [told(event)[1] for event in found] == ["", "alert-2", "alert-3"]


async def test_a_client_far_behind_reads_from_the_outbox(
    stage: Stage, stream: sse.Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "_RECENT", 3)
    monkeypatch.setattr(sse, "_BATCH", 2)
    say(stage, *range(20))
    async with aclosing(stream.follow(0, ("alert.*",), everything())) as events:
        found = await take(events, 21)
    assert [told(event)[1] for event in found[1:]] == [f"alert-{number}" for number in range(20)]
    places = [int(told(event)[0]) for event in found]
    assert places == sorted(set(places))


async def test_only_the_wanted_types_come_and_never_a_probe(stage: Stage, stream: sse.Stream) -> None:
    async with aclosing(stream.follow(0, ("incident.opened",), everything())) as events:
        await take(events, 1)
        say(stage, 1, probe=True)
        say(stage, 2)
        (event,) = await take(events, 1)
    assert data(event)["data"]["alert"] == "alert-2"
    async with aclosing(stream.follow(0, (), everything())) as events:
        found = await take(events, 3)
    assert not [event for event in found if event.data and data(event)["data"].get("probe")]


async def test_a_place_that_is_no_longer_kept_is_said(stage: Stage, stream: sse.Stream) -> None:
    say(stage, *range(1, 6))
    await until(stream, 10)  # five alerts, five incidents
    stage.write(lambda tx: tx.execute(delete(table).where(table.c.position < 6)))
    fresh = sse.Stream(Tail(stage.db), Tail(stage.db))
    task = asyncio.create_task(fresh.run())
    async with aclosing(fresh.follow(2, (), everything())) as events:
        start, gap, event = await take(events, 3)
    assert gap.event == "gap"
    assert data(gap) == {"after": 2, "resumed": 5}
    assert (told(start)[0], told(event)[0]) == ("5", "6")
    async with aclosing(fresh.follow(10_000, (), everything())) as events:
        start, gap = await take(events, 2)
    assert data(gap) == {"after": 10_000, "resumed": 10}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_database_that_comes_back_goes_on(
    stage: Stage, stream: sse.Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "_PAUSE", 0.01)
    async with aclosing(stream.follow(None, ("alert.*",), everything())) as events:
        await take(events, 1)
        away = threading.Event()
        read = Tail.read

        def broken(self: Tail, *args: object, **kwargs: object) -> object:
            if not away.is_set():
                away.set()
                raise Unavailable("gone")
            return read(self, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(Tail, "read", broken)
        say(stage, 1)
        (event,) = await take(events, 1)
    assert away.is_set()
    assert told(event)[1] == "alert-1"


async def test_a_process_that_stops_ends_its_streams(stream: sse.Stream) -> None:
    async with aclosing(stream.follow(None, (), everything())) as events:
        await take(events, 1)
        waiting = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        stream.stop()
        assert await asyncio.wait_for(waiting, LIMIT) is None


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=LIMIT, cookies=served.cookies) as client:
        yield client


def test_over_http_with_last_event_id(served: Served, http: httpx.Client) -> None:
    say(served, 1, 2)
    wanted = {"types": "alert.firing", "after": "0"}
    with http.stream("GET", "/api/v1/events", params=wanted) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.iter_lines()
        ids = [line for line in _until(lines, '"alert-2"') if line.startswith("id: ")]
    place = ids[-2].removeprefix("id: ")
    headers = {"last-event-id": place}  # wins over `after`, since that is what the address still says
    with http.stream("GET", "/api/v1/events", params=wanted, headers=headers) as answer:
        text = "\n".join(_until(answer.iter_lines(), '"alert-2"'))
    assert '"alert-1"' not in text


@pytest.mark.parametrize(
    "params, headers, field",
    [
        ({"types": "alert firing"}, {}, "types"),
        ({"types": "alert.*;drop"}, {}, "types"),
        ({"after": "-1"}, {}, "after"),
        ({}, {"last-event-id": "first"}, "Last-Event-ID"),
        ({}, {"last-event-id": "9" * 19}, "Last-Event-ID"),
    ],
)
def test_wrong_wishes_are_refused(
    http: httpx.Client, params: dict[str, str], headers: dict[str, str], field: str
) -> None:
    answer = http.get("/api/v1/events", params=params, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_too_many_are_told_to_come_back(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST", 1)
    with http.stream("GET", "/api/v1/events") as first:
        lines = first.iter_lines()  # dropping it would close the stream
        next(lines)
        answer = http.get("/api/v1/events")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"


def test_a_client_that_reads_nothing_is_dropped(
    served: Served, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "STUCK", 0.2)
    monkeypatch.setattr(sse, "MOST", 1)
    host, port = served.address.removeprefix("http://").split(":")
    token = served.sri.token
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stuck.settimeout(LIMIT)
        stuck.connect((host, int(port)))
        asked = (
            f"GET /api/v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\nCookie: imm-session={token}\r\n\r\n"
        )
        stuck.sendall(asked.encode())
        assert stuck.recv(64).startswith(b"HTTP/1.1 200")
        for _ in range(20):
            served.write(lambda tx: outbox.append(tx, large(served)))
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            time.sleep(0.02)
            with http.stream("GET", "/api/v1/events") as another:
                if another.status_code == 200:
                    return
    pytest.fail("the client that reads nothing was not dropped")


def large(stage: Stage) -> CloudEvent:
    """An event that no kernel's buffer holds twenty of."""
    text = "x" * 500_000
    return outbox.event(
        "alert.noise", id=stage.ids(), source="/noise", subject="noise", time=stage.clock.now(), data=text
    )


def _until(lines: Iterator[str], sign: str) -> Iterator[str]:
    for line in lines:
        yield line
        if sign in line:
            return
