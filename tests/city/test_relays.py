"""Several relays and writers at once: one leads, nothing doubles, nothing is skipped."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert

from city.db import Database, Lease, upgrade
from city.errors import LeaseLost
from city.history import HISTORY
from city.outbox import Settings, Tail, append, numbering, progress
from city.outbox.drive import Drive
from city.outbox.figures import Figures
from runtime.clock import Fake, System
from tests.city.drill import delivering, log, made, put, relaying, until, writing, written


@pytest.fixture
def books(db: Database) -> Database:
    with db.begin() as tx:
        log.create(tx)
    return db


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
        await until(lambda: first.leading.is_set() != second.leading.is_set())  # a slow one may have lost it
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
    both = asyncio.Barrier(2)

    async def beside(call: Callable[..., Any], *args: Any) -> Any:
        found = await asyncio.to_thread(call, *args)
        if call is progress.start:
            await both.wait()  # they begin at one place
        return found

    drives = [
        Drive(books, System(), writing(), Figures(CollectorRegistry()), slow, thread=beside) for _ in range(2)
    ]
    tasks = [asyncio.create_task(drive.run()) for drive in drives]
    await until(lambda: len(written(books)) >= 40)
    done, running = await asyncio.wait(tasks, timeout=60, return_when=asyncio.FIRST_COMPLETED)
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
