"""A process that fires clocks: it wakes in time, catches up, shares with others, and outlives an outage."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from city.db import Database, upgrade
from city.schedule import Clock, Clocks, Every, Fired, Handler, Runner, Settings
from city.schedule.clocks import SET
from city.schedule.errors import WrongHandlers
from city.schedule.handlers import ALWAYS
from city.schedule.history import HISTORY
from contracts.instants import SECOND
from runtime.clock import System
from tests.city.schedule.bench import CALENDARS, FAST, KIND, log, running, until, writing, written

SLOW = Settings(poll=30.0)


def put(db: Database, *keys: str, after: float = 0.0, kind: str = KIND) -> None:
    clocks = Clocks(clock=System(), calendars=CALENDARS)
    with db.begin() as tx:
        for key in keys:
            due = System().now() + round(after * SECOND)
            clocks.set(tx, Clock(kind=kind, key=key, due=due))


async def test_what_was_due_while_nobody_ran_fires_at_once(db: Database) -> None:
    put(db, *(f"k{number}" for number in range(30)), after=-3_600)
    async with running(db, settings=SLOW):
        await until(lambda: len(written(db)) == 30)
    assert len(set(written(db))) == 30


async def test_an_earlier_clock_wakes_a_runner_that_waits_for_a_later_one(db: Database) -> None:
    put(db, "later", after=3_600)
    async with running(db, settings=SLOW):
        await until(lambda: bool(db.bell(SET)._waiting))  # it has looked, and found nothing to do for long
        put(db, "now")
        await until(lambda: written(db) == ["now"], limit=20)


async def test_a_clock_set_in_another_process_is_heard(postgres_url: str) -> None:
    here, there = Database(postgres_url), Database(postgres_url)
    upgrade(here, [HISTORY])
    with here.begin() as tx:
        log.create(tx)
    async with running(here, settings=SLOW):
        await until(lambda: here.bell("imm_clocks_set").count > 0)  # it listens
        put(there, "now")
        await until(lambda: written(here) == ["now"], limit=20)
    here.close()
    there.close()


async def test_several_processes_never_fire_one_twice(db: Database) -> None:
    url = db.address.render_as_string(hide_password=False)
    others = [Database(url) for _ in range(3)]
    keys = [f"k{number}" for number in range(200)]
    put(db, *keys)
    small = Settings(poll=0.02, batch=7, turn=0.005)
    async with asyncio.TaskGroup() as tasks:
        for other in others:
            runner = Runner(
                other, Clocks(clock=System(), calendars=CALENDARS), [writing()], time=System(), settings=small
            )
            tasks.create_task(runner.run())
        await until(lambda: len(written(db)) >= 200)
        for task in tasks._tasks:
            task.cancel()
    assert sorted(written(db)) == sorted(keys)
    for other in others:
        other.close()


async def test_a_handler_that_is_stuck_holds_up_no_other_kind(db: Database) -> None:
    if (
        db.lite
    ):  # one writer at a time there: who is in a transaction holds up everyone, which is why they are short
        return
    free = threading.Event()

    def stuck(tx: Connection, fired: Fired) -> None:
        tx.execute(insert(log).values(key=fired.key, due=fired.due))
        assert free.wait(30)

    put(db, "stuck", kind="slow.due")
    async with running(db, Handler(kind="slow.due", fire=stuck), writing()):
        put(db, "other")
        await until(lambda: written(db) == ["other"], limit=20)
        free.set()
        await until(lambda: len(written(db)) == 2, limit=20)


async def test_it_keeps_the_clocks_that_handlers_declare(db: Database) -> None:
    async with running(db, writing("tick.due", every=Every(span=SECOND))):
        await until(lambda: len(written(db)) >= 1, limit=20)
    assert set(written(db)) == {ALWAYS}


async def test_an_outage_is_told_and_outlived(db: Database) -> None:
    url = db.address.render_as_string(hide_password=False)
    hasty = Database(url, wait=0.05)
    async with running(hasty) as runner:
        await until(lambda: not runner.trouble)
        put(db, "a", after=0.2)
        with db.begin() as tx:  # nobody else can write now
            if not db.lite:
                tx.execute(text("LOCK TABLE clocks IN ACCESS EXCLUSIVE MODE"))
            await until(lambda: bool(runner.trouble))
        await until(lambda: written(db) == ["a"] and not runner.trouble)
    hasty.close()


async def test_a_missing_table_is_no_outage(db: Database) -> None:
    with db.begin() as tx:
        tx.execute(text("DROP TABLE clocks"))
    runner = Runner(
        db, Clocks(clock=System(), calendars=CALENDARS), [writing()], time=System(), settings=FAST
    )
    with pytest.raises(ExceptionGroup) as group:
        await runner.run()
    assert group.group_contains(DBAPIError)


def test_two_handlers_of_one_kind_are_refused(db: Database) -> None:
    with pytest.raises(WrongHandlers, match=r"drill\.due"):
        Runner(db, Clocks(clock=System(), calendars=CALENDARS), [writing(), writing()], time=System())
