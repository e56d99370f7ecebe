"""Events leave with their change, in one order, to every consumer."""

import asyncio

import pytest
from sqlalchemy import update

from city.db import Database, Lease
from city.errors import Later
from city.outbox import Deliverer, Handler, Relay, Tail, append, letters, numbering, progress
from city.outbox.tables import outbox
from contracts.cloudevents import CloudEvent
from runtime.clock import Fake, System
from tests.city.drill import delivering, log, made, put, relaying, until, writing, written


@pytest.fixture
def books(db: Database) -> Database:
    with db.begin() as tx:
        log.create(tx)
    return db


def parked(db: Database) -> list[letters.Letter]:
    with db.read() as tx:
        return letters.page(tx)


async def test_an_event_reaches_handlers_and_deliverers_in_order(books: Database) -> None:
    got: list[str] = []
    async with relaying(books, writing(), delivering("sender", got)):
        events = [made() for _ in range(30)]
        for one in events:
            put(books, one)
        await until(lambda: len(got) == 30 and len(written(books)) == 30)
    assert got == written(books) == [one.id for one in events]


def test_an_event_of_an_undone_transaction_never_was(books: Database) -> None:
    def fail() -> None:
        with books.begin() as tx:
            append(tx, made())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    lease = Lease(books, "outbox", System())
    assert lease.take()
    assert numbering.number(books, lease) == 0


async def test_types_and_probes_are_chosen(books: Database) -> None:
    alerts: list[str] = []
    exact: list[str] = []
    probes: list[str] = []
    async with relaying(
        books,
        delivering("alerts", alerts, types=("alert.*",)),
        delivering("exact", exact, types=("alert.firing",)),
        delivering("probes", probes, types=("alert.*",), probes=True),
    ):
        put(books, made("alert.firing", name="a"), made("incident.opened", name="b"))
        put(books, made("alert.firing", name="probe"), probe=True)
        put(books, made("alert.resolved", name="c"))
        await until(lambda: alerts == ["a", "c"] and exact == ["a"] and probes == ["a", "probe", "c"])
        tail = Tail(books)
        assert [item.event.id for item in tail.read(0)] == ["a", "b", "c"]
        assert [item.event.id for item in tail.read(0, types=("alert.*",))] == ["a", "c"]
        assert [item.event.id for item in tail.read(0, types=("incident.opened",))] == ["b"]
        assert [item.position for item in tail.read(1, 2, probes=True)] == [2, 3]
        assert tail.head() == 4


async def test_a_handler_that_fails_is_undone_retried_and_then_parked(books: Database) -> None:
    healthy: list[str] = []
    wrote = writing()

    def apply(tx: object, one: CloudEvent) -> None:
        wrote.apply(tx, one)  # type: ignore[arg-type]
        if one.id == "poison":
            raise ValueError("cannot take this")

    poisoned = Handler(name="writer", apply=apply, attempts=3)
    async with relaying(books, poisoned, delivering("healthy", healthy)):
        put(books, made(name="before"), made(name="poison"), made(name="after"))
        await until(lambda: written(books) == ["before", "after"])
        await until(lambda: healthy == ["before", "poison", "after"])
    (letter,) = parked(books)
    assert (letter.consumer, letter.position, letter.attempts) == ("writer", 2, 3)
    assert (letter.type, letter.subject) == ("thing.made", "x")
    assert "cannot take this" in letter.error
    with books.read() as tx:
        assert letters.count(tx) == {"writer": 1}


async def test_a_delivery_that_fails_is_tried_again_in_order(books: Database) -> None:
    got: list[str] = []
    failures = iter(range(3))

    async def deliver(one: CloudEvent) -> None:
        if one.id == "hard" and next(failures, None) is not None:
            raise OSError("no route")
        got.append(one.id)

    async with relaying(books, Deliverer(name="sender", deliver=deliver)):
        put(books, made(name="easy"), made(name="hard"), made(name="last"))
        await until(lambda: got == ["easy", "hard", "last"])
    assert parked(books) == []


async def test_a_world_that_is_away_is_waited_for_beyond_the_attempts(books: Database) -> None:
    got: list[str] = []
    tries = 0

    async def deliver(one: CloudEvent) -> None:
        nonlocal tries
        tries += 1
        if tries < 8:
            raise Later("broker is away")
        got.append(one.id)

    async with relaying(books, Deliverer(name="sender", deliver=deliver, attempts=2)):
        put(books, made(name="a"))
        await until(lambda: got == ["a"])
    assert parked(books) == []


async def test_a_delivery_that_hangs_is_ended(books: Database) -> None:
    got: list[str] = []

    async def deliver(one: CloudEvent) -> None:
        if one.id == "hangs":
            await asyncio.Event().wait()
        got.append(one.id)

    async with relaying(books, Deliverer(name="sender", deliver=deliver, limit=0.02, attempts=2)):
        put(books, made(name="hangs"), made(name="next"))
        await until(lambda: got == ["next"])
    assert [letter.position for letter in parked(books)] == [1]


async def test_an_event_that_cannot_be_read_is_parked(books: Database) -> None:
    got: list[str] = []
    async with relaying(books, delivering("sender", got, attempts=2), writing(attempts=2)):
        put(books, made(name="good"))
        with books.begin() as tx:
            append(tx, made(name="bad"))
            tx.execute(update(outbox).where(outbox.c.event.contains("bad")).values(event="{"))
        put(books, made(name="next"))
        await until(lambda: got == written(books) == ["good", "next"])
    with books.read() as tx:
        assert letters.count(tx) == {"sender": 1, "writer": 1}


async def test_handlers_may_append(books: Database) -> None:
    got: list[str] = []

    def apply(tx: object, one: CloudEvent) -> None:
        append(tx, made("incident.opened", name=f"of-{one.id}"))  # type: ignore[arg-type]

    async with relaying(
        books,
        Handler(name="desk", types=("alert.firing",), apply=apply),
        delivering("apps", got, types=("incident.*",)),
    ):
        put(books, made("alert.firing", name="a"))
        await until(lambda: got == ["of-a"])


def test_old_events_go_when_every_consumer_is_done_and_positions_never_return(db: Database) -> None:
    clock = Fake()
    lease = Lease(db, "outbox", clock, seconds=1e6)
    assert lease.take()
    put(db, *[made() for _ in range(5)])
    put(db, made(), probe=True)
    numbering.number(db, lease)
    cursor = progress.start(db, "slow", clock.now())
    later = System().now() + 10_000_000

    def forget(before: int, probes_before: int) -> int:
        return numbering.forget(db, ["slow"], before=before, probes_before=probes_before)

    assert forget(later, later) == 0
    for position in (2, 6):
        with db.begin() as tx:
            moved = progress.Cursor(consumer="slow", position=position)
            progress.move(tx, cursor, moved)
        cursor = moved
        if position == 2:
            assert forget(0, later) == 0  # no probe among them
            assert forget(later, later) == 2
    assert forget(later, later) == 3
    assert [item.position for item in Tail(db).read(0, probes=True)] == [6]
    put(db, made())
    numbering.number(db, lease)
    assert Tail(db).head() == 7


async def test_the_tail_wakes_its_reader(books: Database) -> None:
    tail = Tail(books)
    async with relaying(books):
        assert tail.read(0) == []
        waiting = asyncio.create_task(tail.wait(20))
        put(books, made(name="a"))
        await asyncio.wait_for(waiting, 10)
        await until(lambda: [item.event.id for item in tail.read(0)] == ["a"])


async def test_what_runs_beside_a_deliverer_is_started_again_after_a_fault(
    books: Database,
) -> None:
    starts: list[str] = []

    async def beside() -> None:
        starts.append("start")
        if len(starts) < 3:
            raise ValueError("once more")
        await asyncio.Event().wait()

    got: list[str] = []
    async with relaying(books, delivering("sender", got, beside=beside)):
        await until(lambda: len(starts) == 3)
        put(books, made(name="a"))
        await until(lambda: got == ["a"])


def test_consumers_have_different_names(db: Database) -> None:
    with pytest.raises(ValueError, match="same name"):
        Relay(db, System(), [writing(), writing()])
