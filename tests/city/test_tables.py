"""What the fixture of databases promises: each test gets all tables, and nothing of the tests before it."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert, inspect, select, text

import city.audit.history
import city.history
import city.identity.history
from city.identity.tables.people import trees
from city.outbox.tables import outbox
from tests.fixtures.postgres import Postgres
from tests.fixtures.tables import ready

HISTORIES = (city.history.HISTORY, city.audit.history.HISTORY, city.identity.history.HISTORY)
TIMES = 4  # a database is used again once its connections are gone


def used(postgres: Postgres, work: Callable[[Connection], object] = lambda _: None) -> None:
    """Find a database as migrations left it, and use it as a test does."""
    url = postgres.create()
    db = ready(url, HISTORIES)
    with db.begin() as tx:
        assert tx.execute(select(trees.c.id, trees.c.version)).all() == [(1, 1)]
        assert tx.execute(select(outbox.c.id)).all() == []
        assert not inspect(tx).has_table("mine")
        assert "mine" not in {column["name"] for column in inspect(tx).get_columns("outbox")}
        work(tx)
    db.close()
    postgres.give_back(url)


def test_rows_are_gone_and_those_of_migrations_are_back(postgres: Postgres) -> None:
    def work(tx: Connection) -> None:
        tx.execute(trees.delete())
        tx.execute(insert(trees).values(id=1, version=7))

    for _ in range(TIMES):
        used(postgres, work)


@pytest.mark.parametrize("change", ["CREATE TABLE mine (id int)", "ALTER TABLE outbox ADD COLUMN mine int"])
def test_what_was_built_is_gone(postgres: Postgres, change: str) -> None:
    for _ in range(TIMES):
        used(postgres, lambda tx: tx.execute(text(change)))
        used(postgres)


def test_one_that_somebody_still_uses_is_left_to_him(postgres: Postgres) -> None:
    name = text("SELECT oid FROM pg_database WHERE datname = current_database()")
    others: list[int] = []
    url = postgres.create()
    left = ready(url, HISTORIES)
    with left.read() as tx:
        mine = tx.execute(name).scalar_one()
    postgres.give_back(url)  # its connection is open still
    for _ in range(TIMES):
        used(postgres, lambda tx: others.append(tx.execute(name).scalar_one()))
    left.close()
    assert mine not in others
