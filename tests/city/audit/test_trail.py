"""What is noted stays with the change it tells of, and holds nothing personal."""

import pytest
from sqlalchemy import insert, text

from city.audit import CITY, PROTECTED, Entry, Filters, Trail, page
from city.audit.history import HISTORY
from city.audit.tables import seals
from city.db import Database, upgrade
from city.db.migrate import differences
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.audit.books import HISTORIES, entry, note


def test_tables_are_those_of_the_migrations(db: Database) -> None:
    assert differences(db, HISTORY) == []


def test_newest_first_a_page_at_a_time(db: Database, clock: Fake) -> None:
    note(db, clock, 5)
    clock.advance(60)
    note(db, clock, 2, first=6)
    with db.read() as tx:
        first = page(tx, Filters(), limit=3)
        then = page(tx, Filters(), before=first[-1].id, limit=9)
    assert [one.record for one in [*first, *then]] == [f"r-{number}" for number in (7, 6, 5, 4, 3, 2, 1)]
    assert first[0].time == clock.now()
    assert first[0].fields == ("name", "phone")
    assert first[0].seal is None


@pytest.mark.parametrize(
    "filters",
    [
        Filters(record="r-2"),
        Filters(by="p-2"),
        Filters(kind="tangi.report"),
        Filters(action="changed"),
        Filters(unit="elsewhere"),
        Filters(request="q-9"),
    ],
)
def test_each_filter_finds_its_own(db: Database, clock: Fake, filters: Filters) -> None:
    known = {name: getattr(filters, name) for name in ("by", "action", "kind", "record", "unit", "request")}
    odd = entry(1, **{name: value for name, value in known.items() if value})
    with db.begin() as tx:
        Trail(clock=clock).note(tx, entry(1), odd, entry(1))
    with db.read() as tx:
        (found,) = page(tx, filters)
    assert Entry(**{name: getattr(found, name) for name in Entry.__struct_fields__}) == odd


def test_times_bound_a_page(db: Database, clock: Fake) -> None:
    start = clock.now()
    for number in range(3):
        note(db, clock, 1, first=number)
        clock.advance(1)
    with db.read() as tx:
        found = page(tx, Filters(since=start + 1_000_000, until=start + 2_000_000))
    assert [one.record for one in found] == ["r-1"]


def test_looking_at_many_is_an_entry_each(db: Database, clock: Fake) -> None:
    with db.begin() as tx:
        Trail(clock=clock).looked(tx, by="p-1", kind="identity.person", records=["a", "b"], why="asked")
    with db.read() as tx:
        assert [(one.record, one.action, one.why) for one in page(tx, Filters())] == [
            ("b", "viewed", "asked"),
            ("a", "viewed", "asked"),
        ]


def test_an_undone_change_leaves_no_entry(db: Database, clock: Fake) -> None:
    with pytest.raises(RuntimeError), db.begin() as tx:
        Trail(clock=clock).note(tx, entry())
        raise RuntimeError
    with db.read() as tx:
        assert page(tx, Filters()) == []


def test_the_chains_are_apart(db: Database, clock: Fake) -> None:
    note(db, clock, 2)
    note(db, clock, 1, chain=PROTECTED)
    with db.read() as tx:
        assert len(page(tx, Filters())) == 2
        assert len(page(tx, Filters(chain=PROTECTED))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"by": ""},
        {"by": "Siti Aminah"},
        {"action": "Viewed it"},
        {"kind": ""},
        {"record": "a" * 81},
        {"record": "a\tb"},
        {"fields": ("name=Siti",)},
        {"fields": ("x",) * 65},
        {"unit": "a b"},
        {"request": "x" * 81},
    ],
)
def test_what_is_no_entry_is_refused(db: Database, clock: Fake, change: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused, db.begin() as tx:
        Trail(clock=clock).note(tx, entry(**change))  # type: ignore[arg-type]
    assert refused.value.field in change


def test_a_reason_keeps_no_number_or_address_of_a_person(db: Database, clock: Fake) -> None:
    why = "NIK 3274014107900002, +62 812-3456-7890, 0812 3456 7890, siti@example.id; "
    why += "TGI-2026-000123 at 08.00-10.00"
    with db.begin() as tx:
        Trail(clock=clock).note(tx, entry(why=why + "\n\x00x"))
    with db.read() as tx:
        (found,) = page(tx, Filters())
    assert found.why == r"NIK …, …, …, … TGI-2026-000123 at 08.00-10.00\x0a\x00x"


def test_protected_reasons_are_codes(db: Database, clock: Fake) -> None:
    with pytest.raises(Refused), db.begin() as tx:
        Trail(clock=clock, chain=PROTECTED).note(tx, entry(why="her sister asked"))
    with db.begin() as tx:
        Trail(clock=clock, chain=PROTECTED).note(tx, entry(why="immediate-danger"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET why = 'x'",
        "UPDATE audit_entries SET seal = NULL",
        "UPDATE audit_entries SET seal = 7, record = 'x'",
        "DELETE FROM audit_entries",
        "UPDATE audit_seals SET rows = 0",
        "DELETE FROM audit_seals",
    ],
)
def test_the_database_itself_refuses_changes(db: Database, clock: Fake, statement: str) -> None:
    note(db, clock, 1)
    row = {"rows": 0, "index": b"", "upto": 0, "upto_hash": b"", "gone": 0}
    link = {"chain": CITY, "number": 1, "time": 1, "previous": b"", "hash": b"", "mark": b""}
    with db.begin() as tx:
        tx.execute(insert(seals).values(**row, **link))
    with pytest.raises(Exception, match=r"never changes|let go|append-only"), db.begin() as tx:
        tx.execute(text(statement))


def test_it_cannot_be_emptied_at_once(postgres_url: str) -> None:
    db = Database(postgres_url)
    upgrade(db, HISTORIES)
    for table in ("audit_entries", "audit_seals"):
        with pytest.raises(Exception, match="append-only"), db.begin() as tx:
            tx.execute(text(f"TRUNCATE {table}"))
    db.close()
