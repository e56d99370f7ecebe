"""Whether the database answers."""

import pytest

from city.db import Database
from city.errors import Unavailable


def test_a_database_that_is_there_answers(db: Database) -> None:
    db.ping()


def test_one_that_is_not_there_is_told() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing", wait=1.0)
    with pytest.raises(Unavailable):
        away.ping()
    away.close()
