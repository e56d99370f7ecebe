"""The migrations make the tables that the code declares."""

from city.db import Database, check
from city.db.migrate import differences
from city.identity.history import HISTORY


def test_the_tables_are_those_of_the_code(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []
