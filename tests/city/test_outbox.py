"""Events leave with their change, in one order, to every consumer."""

import asyncio
import threading

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, update

from city.db import Database, Lease, upgrade
from city.errors import Later, LeaseLost
from city.history import HISTORY
from city.outbox import Deliverer, Handler, Relay, Settings, Tail, append, numbering, progress
from city.outbox.drive import Drive
from city.outbox.figures import Figures
from city.outbox.tables import outbox
from contracts.cloudevents import CloudEvent
from runtime.clock import Fake, System
from tests.city.drill import delivering, log, made, put, relaying, until, writing, written


@pytest.fixture
def books(db: Database) -> Database:
    with db.begin() as tx:
        log.create(tx)
    return db


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
    (parked,) = progress.list_parked(books)
    assert (parked.consumer, parked.position, parked.attempts) == ("writer", 2, 3)
    assert "cannot take this" in parked.error
    assert progress.count_parked(books) == {"writer": 1}


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
    assert progress.list_parked(books) == []


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
    assert progress.list_parked(books) == []


async def test_a_delivery_that_hangs_is_ended(books: Database) -> None:
    got: list[str] = []

    async def deliver(one: CloudEvent) -> None:
        if one.id == "hangs":
            await asyncio.Event().wait()
        got.append(one.id)

    async with relaying(books, Deliverer(name="sender", deliver=deliver, limit=0.02, attempts=2)):
        put(books, made(name="hangs"), made(name="next"))
        await until(lambda: got == ["next"])
    assert [parked.position for parked in progress.list_parked(books)] == [1]


async def test_an_event_that_cannot_be_read_is_parked(books: Database) -> None:
    got: list[str] = []
    async with relaying(books, delivering("sender", got, attempts=2), writing(attempts=2)):
        put(books, made(name="good"))
        with books.begin() as tx:
            append(tx, made(name="bad"))
            tx.execute(update(outbox).where(outbox.c.event.contains("bad")).values(event="{"))
        put(books, made(name="next"))
        await until(lambda: got == written(books) == ["good", "next"])
    assert progress.count_parked(books) == {"sender": 1, "writer": 1}


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


async def test_two_relays_one_leads_and_handlers_never_double(books: Database) -> None:
    address = books.address.render_as_string(hide_password=False)
    rival = Database(address)
    events = [made() for _ in range(60)]
    async with relaying(books, writing()) as first, relaying(rival, writing()) as second:
        for number, one in enumerate(events):
            put(books if number % 2 else rival, one)
            if number % 10 == 0:
                await asyncio.sleep(0)
        await until(lambda: len(written(books)) == len(events))
        assert first.leading.is_set() != second.leading.is_set()
    rival.close()
    assert written(books) == [item.event.id for item in Tail(books).read(0, 100)]


async def test_another_takes_over_and_nothing_doubles(books: Database) -> None:
    rival = Database(books.address.render_as_string(hide_password=False))
    async with relaying(rival, writing()) as second:
        await until(second.leading.is_set)
        async with relaying(books, writing()) as first:
            put(books, made(name="a"))
            await until(lambda: written(books) == ["a"])
            with books.begin() as tx:  # as if second had been suspended for longer than the lease
                tx.exec_driver_sql("UPDATE leases SET until = 0, holder = 'nobody'")
            put(books, *[made(name=f"b{number}") for number in range(20)])
            await until(lambda: len(written(books)) == 21)
            await until(lambda: first.leading.is_set() != second.leading.is_set())
    rival.close()
    assert written(books) == ["a", *[f"b{number}" for number in range(20)]]


async def test_two_that_drive_one_consumer_apply_each_event_once(books: Database) -> None:
    """As when a process goes on that was suspended until another had taken its place."""
    lease = Lease(books, "outbox", System())
    assert lease.take()
    put(books, *[made(name=f"{number:02}") for number in range(40)])
    numbering.number(books, lease)
    slow = Settings(batch=2)
    drives = [
        Drive(books, System(), writing(), Figures(CollectorRegistry()), slow, thread=asyncio.to_thread)
        for _ in range(2)
    ]
    tasks = [asyncio.create_task(drive.run()) for drive in drives]
    await until(lambda: len(written(books)) >= 40)
    done, running = await asyncio.wait(tasks, timeout=1)
    for task in running:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert written(books) == [f"{number:02}" for number in range(40)]
    assert [type(task.exception()) for task in done] == [LeaseLost]


def test_a_cursor_that_another_moved_undoes_the_work(books: Database) -> None:
    old = progress.start(books, "writer", 1)

    def stale() -> None:
        with books.begin() as tx:
            tx.execute(insert(log).values(id="never"))
            progress.move(tx, old, progress.Cursor(consumer="writer", position=2))

    with books.begin() as tx:
        progress.move(tx, old, progress.Cursor(consumer="writer", position=1))
    with pytest.raises(LeaseLost):
        stale()
    assert written(books) == []


def test_only_the_holder_of_the_lease_numbers(db: Database) -> None:
    clock = Fake()
    first = Lease(db, "outbox", clock)
    rival = Database(db.address.render_as_string(hide_password=False))
    second = Lease(rival, "outbox", clock)
    assert first.take()
    assert not second.take()
    put(db, made())
    with pytest.raises(LeaseLost):
        numbering.number(rival, second)
    clock.advance(first.seconds + 1)
    assert second.take()
    with pytest.raises(LeaseLost):
        numbering.number(db, first)
    assert numbering.number(rival, second) == 1
    second.give_back()
    assert first.take()
    clock.jump(-86_400 * 365)
    assert second.take(), "a lease dated by a clock that was a year ahead must not bind us"
    rival.close()


def test_a_lower_id_that_commits_later_is_never_skipped(postgres_url: str) -> None:
    db = Database(postgres_url)
    upgrade(db, [HISTORY])
    lease = Lease(db, "outbox", System())
    assert lease.take()
    inserted, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with db.begin() as tx:
            append(tx, made(name="slow"))
            inserted.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    assert inserted.wait(20)
    put(db, made(name="quick"))
    assert numbering.number(db, lease) == 1
    go_on.set()
    thread.join(20)
    assert numbering.number(db, lease) == 1
    assert [(item.position, item.event.id) for item in Tail(db).read(0)] == [(1, "quick"), (2, "slow")]
    db.close()


async def test_many_writers_at_once_each_event_once_and_each_writer_in_order(books: Database) -> None:
    def write(writer: int) -> None:
        for turn in range(15):
            put(books, made(name=f"{writer}-{turn:02}"))

    got: list[str] = []
    async with relaying(books, writing(), delivering("sender", got)):
        await asyncio.gather(*(asyncio.to_thread(write, writer) for writer in range(4)))
        await until(lambda: len(written(books)) == 60 and len(got) == 60)
    assert got == written(books)
    for writer in range(4):
        mine = [name for name in got if name.startswith(f"{writer}-")]
        assert mine == sorted(mine)
    positions = [item.position for item in Tail(books).read(0, 100)]
    assert positions == list(range(1, 61))


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
