"""The database goes away under the relay and comes back: nothing is lost, nothing doubles."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database, upgrade
from city.errors import Unavailable
from city.history import HISTORY
from tests.city.drill import delivering, log, made, put, relaying, until, writing, written
from tests.fixtures.postgres import Postgres


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server of the test's own, which it may stop."""
    folder = Path(tempfile.mkdtemp(prefix="imm-postgres-"))
    server = Postgres(folder, durable=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def test_the_relay_outlives_its_database(own: Postgres) -> None:
    db = Database(own.create(), wait=10.0)
    upgrade(db, [HISTORY])
    with db.begin() as tx:
        log.create(tx)
    got: list[str] = []
    async with relaying(db, writing(), delivering("sender", got)) as relay:
        put(db, made(name="a"))
        await until(lambda: written(db) == ["a"] and got == ["a"])
        await asyncio.to_thread(own.stop)
        with pytest.raises(Unavailable):
            put(db, made(name="never"))
        await asyncio.to_thread(own.again)
        put(db, made(name="b"))
        await until(lambda: written(db) == ["a", "b"] and got[-1:] == ["b"])
        assert relay.leading.is_set()
    assert got in (["a", "b"], ["a", "a", "b"])
    db.close()
