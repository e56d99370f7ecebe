"""Transactions of the city's database, on both engines."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from city.db import Database, Settings, notify
from city.db.lease import leases
from city.db.listen import listen
from city.errors import Unavailable, WrongAddress
from contracts.errors import Refused


def put(db: Database, name: str) -> None:
    with db.begin() as tx:
        tx.execute(insert(leases).values(name=name, holder="", until=0))


def fail_after(db: Database, work: Callable[[Connection], None]) -> None:
    with db.begin() as tx:
        work(tx)
        _ = 1 / 0


def names(db: Database) -> list[str]:
    with db.read() as tx:
        return sorted(tx.execute(select(leases.c.name)).scalars())


def test_what_is_committed_is_read(db: Database) -> None:
    put(db, "a")
    assert names(db) == ["a"]


def test_an_exception_undoes_everything(db: Database) -> None:
    def half(tx: Connection) -> None:
        tx.execute(insert(leases).values(name="a", holder="", until=0))

    with pytest.raises(ZeroDivisionError):
        fail_after(db, half)
    assert names(db) == []


def test_a_reader_sees_one_state(db: Database) -> None:
    put(db, "a")
    with db.read() as tx:
        assert len(tx.execute(select(leases)).all()) == 1
        put(db, "b")
        assert len(tx.execute(select(leases)).all()) == 1
    assert names(db) == ["a", "b"]


def test_many_threads_write_without_an_error(db: Database) -> None:
    def work(number: int) -> None:
        for turn in range(10):
            put(db, f"{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(names(db)) == 60


def test_waiting_for_another_writer_has_a_limit(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'city.sqlite'}", wait=0.05)
    other = Database(f"sqlite:///{tmp_path / 'city.sqlite'}", wait=0.05)
    refused: list[Unavailable] = []

    def late(late_db: Database) -> None:
        try:
            with late_db.begin():
                pass
        except Unavailable as error:
            refused.append(error)

    with db.begin():
        for rival in (db, other):
            thread = threading.Thread(target=late, args=(rival,))
            thread.start()
            thread.join(10)
    assert len(refused) == 2
    db.close()
    other.close()


def test_a_database_that_is_away_is_unavailable() -> None:
    db = Database("postgresql+psycopg://imm@127.0.0.1:1/none", wait=1.0)
    with pytest.raises(Unavailable), db.begin():
        pass
    with pytest.raises(Unavailable), db.read():
        pass


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(WrongAddress):
        Database(url)


def test_a_password_comes_from_a_file_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    settings = Settings(url="postgresql+psycopg://imm@db/city", password_file=tmp_path / "secret")
    db = Database.of(settings)
    assert db.address.password == "s3cret"
    assert "s3cret" not in str(db.address)
    with pytest.raises(WrongAddress, match="password_file"):
        Database.of(Settings(url=settings.url, password_file=tmp_path / "none"))


def test_sqlite_survives_power_cuts_and_checks_keys(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'new' / 'city.sqlite'}")
    with db.begin() as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar() == 2
        assert tx.execute(text("PRAGMA foreign_keys")).scalar() == 1
    db.close()


def test_half_a_character_is_refused_and_nothing_else_of_it_kept(db: Database) -> None:
    def half(tx: Connection) -> None:
        tx.execute(insert(leases).values(name="a", holder="", until=0))
        tx.execute(select(leases).where(leases.c.name == "\ud800"))

    with pytest.raises(Refused, match="half of a character"):
        fail_after(db, half)
    assert names(db) == []


def test_a_nul_is_refused_where_the_engine_takes_none(postgres_url: str) -> None:
    db = Database(postgres_url)
    with pytest.raises(Refused, match="NUL"), db.read() as tx:
        tx.execute(select(text(":name")), {"name": "a\0b"})
    db.close()


async def test_a_bell_rings_after_the_commit_only(db: Database) -> None:
    bell = db.bell("door")
    seen = bell.count
    with db.begin() as tx:
        notify(tx, "door")
        assert not await bell.wait(seen, 0.01)
    assert await bell.wait(seen, 30)
    with pytest.raises(ZeroDivisionError):
        fail_after(db, lambda tx: notify(tx, "door"))
    assert bell.count == seen + 1


async def test_a_bell_wakes_every_waiter_from_another_thread(db: Database) -> None:
    bell = db.bell("door")
    waiters = [asyncio.create_task(bell.wait(bell.count, 30)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.to_thread(bell.ring)
    assert await asyncio.gather(*waiters) == [True] * 3


async def test_a_bell_is_heard_in_other_processes(postgres_url: str) -> None:
    here, there = Database(postgres_url), Database(postgres_url)
    bell = there.bell("door")
    task = asyncio.create_task(listen(there, ["door"]))
    assert await bell.wait(0, 30), "it rings once when it begins to listen"
    with here.begin() as tx:
        notify(tx, "door")
    assert await bell.wait(1, 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    here.close()
    there.close()


def test_an_error_shows_nothing_of_what_was_to_be_kept(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors are logged with their cause: neither parameters nor PostgreSQL's details may stand there."""
    secret = "siti-" + "aminah"  # a traceback shows this line
    put(db, secret)
    with pytest.raises(IntegrityError) as refused:
        put(db, secret)
    logging.getLogger("city").error("it failed", exc_info=refused.value)
    shown = [caplog.text, str(refused.value), repr(refused.value), str(refused.value.orig)]
    assert not [text for text in shown if secret in text]
    assert "leases" in str(refused.value)  # what failed is told all the same
