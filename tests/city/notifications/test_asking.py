"""A notice is asked for in the caller's transaction, once a key, and tells of nobody in clear."""

from typing import Any

import pytest
from sqlalchemy import func, select, text

from city.db import Database, check, upgrade
from city.db.migrate import differences
from city.notifications import Notice
from city.notifications.errors import Unknown
from city.notifications.history import HISTORY
from city.notifications.tables import notices
from contracts.errors import Refused
from tests.city.notifications.office import BUDI, DATA, SITI, Office, lite

PLANTED = "Ratna Dewi 081234500000"


def test_migrations_make_what_the_code_declares(city_url: str) -> None:
    db = Database(city_url)
    upgrade(db, [HISTORY])
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []
    db.close()


def asked(office: Office) -> int:
    with office.db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(notices)).scalar_one())


def test_it_is_undone_with_its_transaction(office: Office) -> None:
    of = office.wire()

    def fail() -> None:
        with office.db.begin() as tx:
            of.notices.ask(tx, Notice(template="drill.incident-opened", person=SITI, data=DATA))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert asked(office) == 0


def test_a_key_is_told_once_a_person(office: Office) -> None:
    of = office.wire()
    first = office.ask(of, key="incident-7/opened")
    assert office.ask(of, key="incident-7/opened") == first
    assert office.ask(of, key="incident-7/opened", person=BUDI) != first
    assert office.ask(of) != office.ask(of), "without a key each is told"
    assert asked(office) == 4


@lite
@pytest.mark.parametrize(
    "wrong",
    [
        {"data": {"number": "x"}},
        {"data": {**DATA, "more": 1}},
        {"data": {**DATA, "number": "Siti Aminah"}},
        {"private": {"reporter": "x"}},
        {"person": "siti@contoh.example"},
        {"key": "081234567890"},
    ],
)
def test_what_does_not_fit_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        office.ask(office.wire(), **wrong)
    assert "Siti" not in str(refused.value)


def test_an_unknown_template_is_refused(office: Office) -> None:
    with pytest.raises(Unknown):
        office.ask(office.wire(), "drill.none")


def test_what_tells_of_a_person_lies_nowhere_in_clear(office: Office) -> None:
    of = office.wire()
    office.ask(of, "drill.reply", data={"ticket": "A-1"}, private={"reporter": PLANTED})
    with office.db.read() as tx:
        (item,) = of.inbox.page(tx, SITI, language="id")
        names = ["notices", "notice_deliveries", "vault_records", "vault_fields"]
        tables = [name for name in names if name in _tables(office)]
        rows = [str(row) for name in tables for row in tx.execute(text(f"SELECT * FROM {name}"))]
    assert item.text == f"{PLANTED} membalas A-1."
    assert len(tables) >= 2
    assert not [row for row in rows if "Ratna" in row or "0812345" in row]
    if office.db.lite:
        file = office.db.address.database
        assert file is not None
        for path in (file, f"{file}-wal"):
            with open(path, "rb") as raw:  # noqa: PTH123
                assert b"Ratna" not in raw.read()


def _tables(office: Office) -> list[str]:
    import sqlalchemy

    with office.db.read() as tx:
        return sqlalchemy.inspect(tx).get_table_names()
