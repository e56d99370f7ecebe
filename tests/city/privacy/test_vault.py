"""What is sealed comes back to whoever may have it, is found by its values, and opens nowhere else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from city.db import Database
from city.db.migrate import differences
from city.privacy import Vault
from city.privacy.errors import Damaged, Erased, Taken, Unknown
from city.privacy.history import HISTORY
from city.privacy.tables import blinds, fields, records
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.privacy.safe import FIELDS, KIND, MAIL, NAME, NIK, PHONE, got, put


def test_tables_are_those_of_the_migrations(db: Database) -> None:
    assert differences(db, HISTORY) == []


def test_what_is_sealed_comes_back(db: Database, vault: Vault) -> None:
    put(db, vault, "a", tags=["x", 1, None])
    assert got(db, vault, "a") == {**FIELDS, "tags": ["x", 1, None]}


def test_fields_change_one_by_one(db: Database, vault: Vault, clock: Fake) -> None:
    put(db, vault, "a")
    clock.advance(5)
    with db.begin() as tx:
        vault.seal(tx, kind=KIND, record="a", subject="of-a", fields={"name": "Siti", "nik": None})
    assert got(db, vault, "a") == {"name": "Siti", "phone": PHONE, "email": MAIL}
    with db.read() as tx:
        held = vault.held(tx, KIND, "a")
        assert vault.find(tx, KIND, "phone", PHONE) == ("a",), "what was not given stays"
    assert held is not None
    assert held.changed - held.created == 5_000_000


def test_many_are_opened_at_once(db: Database, vault: Vault) -> None:
    ids = [f"r{number:04}" for number in range(12)]
    for record in ids:
        put(db, vault, record, name=record)
    with db.begin() as tx:
        vault.erase(tx, KIND, "r0003")
        vault.seal(tx, kind=KIND, record="empty", subject="", fields={})
        found = vault.open_many(tx, KIND, [*ids, "empty", "nobody"])
    assert {record: values.get("name") for record, values in found.items()} == {
        **{record: record for record in ids if record != "r0003"},
        "empty": None,
    }


def test_each_record_has_a_key_of_its_own(db: Database, vault: Vault) -> None:
    put(db, vault, "a")
    put(db, vault, "b")
    with db.begin() as tx:
        for table in (fields, records):
            column = table.c.sealed if table is fields else table.c.wrapped
            assert len(set(tx.execute(select(column)).scalars())) == len(
                tx.execute(select(column)).scalars().all()
            )
        one = tx.execute(
            select(fields.c.sealed).where(fields.c.record == "a", fields.c.field == "name")
        ).scalar_one()
        tx.execute(update(fields).where(fields.c.record == "b", fields.c.field == "name").values(sealed=one))
    with pytest.raises(Damaged) as damaged:
        got(db, vault, "b")
    assert damaged.value.field == "name"


SWAPS = {
    "fields of a record": "UPDATE privacy_fields SET field = CASE field WHEN 'name' THEN 'x' ELSE 'name' END "
    "WHERE record = 'a' AND field IN ('name', 'phone')",
    "kind": "UPDATE privacy_fields SET kind = 'other'",
    "subject": "UPDATE privacy_records SET subject = 'of-b' WHERE record = 'a'",
    "keys of two records": "UPDATE privacy_records SET wrapped = (SELECT wrapped FROM privacy_records "
    "WHERE record = 'b') WHERE record = 'a'",
}


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swap_is_found(db: Database, vault: Vault, swap: str) -> None:
    put(db, vault, "a")
    put(db, vault, "b")
    with db.begin() as tx:
        if swap == "kind":
            tx.execute(
                text(
                    "INSERT INTO privacy_records SELECT 'other', record, subject, kek, wrapped, created, "
                    "changed, erased FROM privacy_records WHERE record = 'a'"
                )
            )
            tx.execute(text("DELETE FROM privacy_fields WHERE record = 'b'"))
        tx.execute(text(SWAPS[swap]))
    with pytest.raises(Damaged):
        got(db, vault, "a", kind="other" if swap == "kind" else KIND)


def test_a_changed_bit_is_found(db: Database, vault: Vault) -> None:
    put(db, vault, "a")
    with db.begin() as tx:
        where = (fields.c.record == "a") & (fields.c.field == "name")
        sealed = bytearray(tx.execute(select(fields.c.sealed).where(where)).scalar_one())
        sealed[-1] ^= 1
        tx.execute(update(fields).where(where).values(sealed=bytes(sealed)))
    with pytest.raises(Damaged):
        got(db, vault, "a")


@pytest.mark.parametrize(
    "name, value",
    [
        ("phone", "0812-3456-7890"),
        ("phone", "+62 812 3456 7890"),
        ("nik", "32.74.01.410790.0002"),
        ("email", "Siti@Contoh.ID "),
    ],
)
def test_found_however_it_is_written(db: Database, vault: Vault, name: str, value: str) -> None:
    put(db, vault, "a")
    put(db, vault, "b")
    with db.read() as tx:
        assert vault.find(tx, KIND, name, value) == ("a", "b")
        assert vault.find(tx, "other.kind", name, value) == ()


def test_the_index_says_the_same_only_within_a_kind(vault: Vault) -> None:
    assert vault.blind("phone", PHONE, kind="a") != vault.blind("phone", PHONE, kind="b")
    assert vault.blind("phone", PHONE) != vault.blind("email", MAIL)
    assert vault.blind("word", "as it is") == vault.blind("word", "as it is")


def test_new_values_replace_the_old_ones(db: Database, vault: Vault) -> None:
    put(db, vault, "a")
    with db.begin() as tx:
        vault.seal(
            tx,
            kind=KIND,
            record="a",
            subject="of-a",
            fields={},
            index={"phone": ("081298765432", "081298765431"), "nik": None},
        )
    with db.read() as tx:
        assert vault.find(tx, KIND, "phone", PHONE) == ()
        assert vault.find(tx, KIND, "phone", "081298765431") == ("a",)
        assert vault.find(tx, KIND, "nik", NIK) == ()
        assert vault.find(tx, KIND, "email", MAIL) == ("a",)


def test_a_unique_value_is_had_once(db: Database, vault: Vault) -> None:
    def claim(record: str) -> None:
        with db.begin() as tx:
            vault.seal(
                tx,
                kind=KIND,
                record=record,
                subject="",
                fields={},
                index={"phone": PHONE},
                unique={"phone"},
            )

    claim("a")
    claim("a")
    with pytest.raises(Taken):
        claim("b")
    with db.begin() as tx:
        assert vault.held(tx, KIND, "b") is None
        vault.erase(tx, KIND, "a")
    claim("b")


def test_of_many_at_once_one_has_it(db: Database, vault: Vault) -> None:
    start = threading.Barrier(8)

    def claim(number: int) -> bool:
        start.wait(20)
        try:
            with db.begin() as tx:
                vault.seal(
                    tx,
                    kind=KIND,
                    record=f"r{number}",
                    subject="",
                    fields={"name": NAME},
                    index={"phone": PHONE},
                    unique={"phone"},
                )
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(claim, range(8)))
    assert sorted(won) == [False] * 7 + [True]


def test_one_new_record_sealed_by_many_at_once_has_one_key(db: Database, vault: Vault) -> None:
    start = threading.Barrier(6)

    def seal(number: int) -> None:
        start.wait(20)
        with db.begin() as tx:
            vault.seal(tx, kind=KIND, record="a", subject="s", fields={f"f{number}": number})

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(seal, range(6)))
    assert got(db, vault, "a") == {f"f{number}": number for number in range(6)}


def test_erased_is_gone_for_good(db: Database, vault: Vault) -> None:
    put(db, vault, "a")
    put(db, vault, "b")
    with db.begin() as tx:
        assert vault.erase(tx, KIND, "a")
        assert not vault.erase(tx, KIND, "a")
    with pytest.raises(Erased):
        got(db, vault, "a")
    with pytest.raises(Erased):
        put(db, vault, "a")
    with db.read() as tx:
        assert vault.find(tx, KIND, "phone", PHONE) == ("b",)
        assert not tx.execute(select(fields).where(fields.c.record == "a")).all()
        assert not tx.execute(select(blinds).where(blinds.c.record == "a")).all()
        assert vault.of(tx, "of-a") == []
    with pytest.raises(Unknown):
        got(db, vault, "never")


def test_forgotten_leaves_nothing(db: Database, vault: Vault) -> None:
    put(db, vault, "a")
    with db.begin() as tx:
        assert vault.forget(tx, KIND, "a")
        assert vault.held(tx, KIND, "a") is None
        assert not tx.execute(select(fields)).all()
        assert not tx.execute(select(blinds)).all()
    put(db, vault, "a")


def test_the_destroyed_key_does_not_stay_in_free_pages(vault: Vault, db: Database) -> None:
    put(db, vault, "a")
    with db.begin() as tx:
        wrapped = tx.execute(select(records.c.wrapped)).scalar_one()
        sealed = tx.execute(select(fields.c.sealed).where(fields.c.field == "name")).scalar_one()
        vault.erase(tx, KIND, "a")
    if db.lite:  # PostgreSQL lets go of dead rows by itself, later: docs/how-to/keys.md
        with db.read() as tx:
            assert tx.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0] == 0
        content = Path(db.address.database or "").read_bytes()
        assert wrapped not in content
        assert sealed not in content


def test_a_record_is_handed_over(db: Database, vault: Vault) -> None:
    put(db, vault, "a")
    with pytest.raises(Refused), db.begin() as tx:
        vault.seal(tx, kind=KIND, record="a", subject="another", fields={})
    with db.begin() as tx:
        vault.hand(tx, KIND, "a", "another")
        assert [held.record for held in vault.of(tx, "another")] == ["a"]
        vault.seal(tx, kind=KIND, record="a", subject="another", fields={"name": "new"})
    assert got(db, vault, "a")["name"] == "new"
    with pytest.raises(Unknown), db.begin() as tx:
        vault.hand(tx, KIND, "nobody", "another")
