"""Any change of what was sealed is found, and the first bad row named with how it is bad."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from city.audit import CITY, PROTECTED, Sealer, Settings, Witness
from city.audit.tables import entries, seals
from city.db import Database, upgrade
from runtime.clock import Fake
from tests.city.audit.books import HISTORIES, note, report, sign, tampering

HOW = {
    "edited": "UPDATE audit_entries SET why = 'another' WHERE id = 6",
    "removed": "DELETE FROM audit_entries WHERE id = 6",
    "inserted": 'INSERT INTO audit_entries SELECT 99, chain, time, "by", action, kind, record, fields, why, '
    "unit, request, seal FROM audit_entries WHERE id = 6",
}
EXCHANGE = "UPDATE audit_entries SET record = CASE id WHEN 6 THEN 'r-7' ELSE 'r-6' END, request = CASE id "
EXCHANGE += "WHEN 6 THEN 'q-7' ELSE 'q-6' END WHERE id IN (6, 7)"


@pytest.fixture
def folder(db: Database, clock: Fake, settings: Settings) -> Path:
    """Nine entries under three seals: 1–4, 5–8, 9."""
    note(db, clock, 9)
    Sealer(db, clock, settings=settings, sign=sign).turn()
    assert report(db, settings.witness, signed=True).ok
    return settings.witness


@pytest.mark.parametrize("how", HOW)
def test_the_bad_row_is_named(db: Database, folder: Path, how: str) -> None:
    with tampering(db) as tx:
        tx.execute(text(HOW[how]))
    (fault,) = report(db, folder).faults
    assert (fault.how, fault.seal, fault.entry) == (how, 2, 99 if how == "inserted" else 6)


def test_an_exchange_is_named(db: Database, folder: Path) -> None:
    with tampering(db) as tx:
        tx.execute(text(EXCHANGE))
    faults = report(db, folder).faults
    assert [(fault.how, fault.seal, fault.entry, fault.reason) for fault in faults] == [
        ("reordered", 2, 6, "entry 7 stands here"),
        ("reordered", 2, 7, "entry 6 stands here"),
    ]


def test_a_row_moved_to_another_seal(db: Database, folder: Path) -> None:
    with tampering(db) as tx:
        tx.execute(text("UPDATE audit_entries SET seal = 3 WHERE id = 6"))
    faults = report(db, folder).faults
    assert [(fault.how, fault.seal, fault.entry) for fault in faults] == [
        ("removed", 2, 6),
        ("inserted", 3, 6),
    ]


def test_a_cut_tail_shows_in_the_file_outside(db: Database, folder: Path) -> None:
    with tampering(db) as tx:
        tx.execute(delete(entries).where(entries.c.seal >= 2))
        tx.execute(delete(seals).where(seals.c.number >= 2))
    (fault,) = report(db, folder).faults
    assert (fault.how, fault.seal, fault.reason) == ("cut", 2, "seals 2 to 3 were witnessed and are gone")


def test_all_gone_shows_in_the_file_outside(db: Database, folder: Path) -> None:
    with tampering(db) as tx:
        tx.execute(delete(entries))
        tx.execute(delete(seals))
    assert [fault.how for fault in report(db, folder).faults] == ["cut"]


def test_a_missing_seal(db: Database, folder: Path) -> None:
    with tampering(db) as tx:
        tx.execute(delete(seals).where(seals.c.number == 2))
    faults = report(db, folder).faults
    assert (faults[0].how, faults[0].seal) == ("removed", 2)
    assert {fault.entry for fault in faults[1:]} == {5, 6, 7, 8}, "what claims a seal that is not there"


def test_a_beginning_cut_off(db: Database, folder: Path) -> None:
    with tampering(db) as tx:
        tx.execute(delete(entries).where(entries.c.seal == 1))
        tx.execute(delete(seals).where(seals.c.number == 1))
    (fault,) = report(db, folder).faults
    assert (fault.how, fault.seal) == ("removed", 1)


def test_a_chain_computed_anew_shows_in_the_file_outside_and_in_its_marks(
    db: Database, folder: Path, clock: Fake, tmp_path: Path
) -> None:
    """Who owns the database can seal everything again; not with the key, and not in the file."""
    with tampering(db) as tx:
        tx.execute(update(entries).values(seal=None))
        tx.execute(update(entries).where(entries.c.id == 6).values(why="another"))
        tx.execute(delete(seals))
    Sealer(db, clock, settings=Settings(witness=tmp_path / "other", most=4)).turn()
    assert {(fault.how, fault.seal) for fault in report(db, folder).faults} == {("edited", 2), ("edited", 3)}
    assert [fault.how for fault in report(db, tmp_path / "other", signed=True).faults] == ["forged"] * 3


def test_a_damaged_file_outside(db: Database, folder: Path) -> None:
    path = folder / "city.seals"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"xxxx\n" + third)
    assert [fault.how for fault in report(db, folder).faults] == ["damaged", "damaged"]
    path.write_bytes(first + third)
    assert [(fault.how, fault.seal) for fault in report(db, folder).faults] == [("damaged", 2)]
    path.write_bytes(first + second + third.replace(b'"hash":"', b'"hash":"0'))
    assert [(fault.how, fault.seal) for fault in report(db, folder).faults] == [("edited", 3)]
    path.write_bytes(b"")
    assert [fault.how for fault in report(db, folder).faults] == ["damaged"]
    path.write_bytes(second + third)
    found = report(db, folder)
    assert (found.ok, found.notices) == (
        True,
        ("the file outside begins with seal 2: 1 earlier ones are not compared",),
    )


def test_a_backdated_row_is_worth_a_word(db: Database, folder: Path, clock: Fake) -> None:
    note(db, Fake(clock.now() - 86_400 * 1_000_000), 1, first=10)
    Sealer(db, clock, settings=Settings(witness=folder, most=4)).turn()
    found = report(db, folder)
    assert found.ok
    assert found.notices == ("entry 10 is dated long before entries that were written earlier",)


def test_what_has_no_seal_yet_is_no_fault(db: Database, folder: Path, clock: Fake) -> None:
    note(db, clock, 3)
    found = report(db, folder)
    assert (found.ok, found.waiting, found.entries) == (True, 3, 9)


def test_an_empty_trail_is_in_order(db: Database, settings: Settings) -> None:
    found = report(db, settings.witness)
    assert (found.ok, found.first, found.last, found.notices) == (True, 0, 0, ())


class Template:
    """A sealed trail in an SQLite file, to be copied for each mutation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clock = Fake()
        db = Database(f"sqlite:///{folder / 'city.sqlite'}")
        upgrade(db, HISTORIES)
        keep = Settings(witness=folder, most=3, keep=30.0)
        for _ in range(4):  # with a tombstone, and two seals before it
            note(db, clock, 3)
            note(db, clock, 2, chain=PROTECTED)
            Sealer(db, clock, settings=keep, sign=sign).turn()
            clock.advance(14 * 86_400)
        note(db, clock, 1)
        Sealer(db, clock, settings=keep, sign=sign).turn()
        with db.begin() as tx:
            for trigger in (
                tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            ):
                tx.execute(text(f"DROP TRIGGER {trigger}"))
        with db.read() as tx:
            self.rows = {
                table.name: [row._asdict() for row in tx.execute(select(table))] for table in (entries, seals)
            }
        db.close()
        self.copy = Path(tempfile.mkdtemp(dir=folder.parent, prefix="imm-audit-copy-"))
        self._db = Database(f"sqlite:///{self.copy / 'city.sqlite'}")  # one: its compiled statements are kept

    def copied(self) -> Database:
        """The same again, in the folder `copy`."""
        self.close()
        shutil.rmtree(self.copy)
        shutil.copytree(self.folder, self.copy)
        return self._db

    def close(self) -> None:
        self._db.close()


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    folder = Path(tempfile.mkdtemp(prefix="imm-audit-"))
    template = Template(folder)
    yield template
    template.close()
    shutil.rmtree(folder)
    shutil.rmtree(template.copy)


def other(value: Any) -> st.SearchStrategy[Any]:
    """Values of the same type but this one."""
    if isinstance(value, bytes):
        flips = st.integers(0, max(0, len(value) * 8 - 1)).map(lambda bit: _flipped(value, bit))
        return st.one_of(flips, st.binary(max_size=80)).filter(lambda made: made != value)
    if isinstance(value, int):
        return st.one_of(
            st.sampled_from([value + 1, value - 1, 0, 1, 2, -1]), st.integers(-(2**62), 2**62)
        ).filter(lambda made: made != value)
    words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    chains = st.sampled_from([CITY, PROTECTED, value.upper(), value + " ", " " + value])
    return st.one_of(words, chains).filter(lambda made: made != value)


def _flipped(value: bytes, bit: int) -> bytes:
    if not value:
        return b"\0"
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


@settings(max_examples=50)
@given(data=st.data())
def test_any_single_mutation_is_found(template: Template, data: st.DataObject) -> None:
    table: Table = data.draw(st.sampled_from([entries, seals]))
    row = data.draw(st.sampled_from(template.rows[table.name]))
    what = data.draw(st.sampled_from(["change", "remove", "double", "lose the seal"]))
    keys = [table.c[name] == row[name] for name in ([c.name for c in table.primary_key])]
    db = template.copied()
    try:
        with db.begin() as tx:
            if what == "change" or (table is seals and what != "remove"):
                name = data.draw(st.sampled_from(sorted(row)))
                taken = {one[name] for one in template.rows[table.name]}
                value = data.draw(
                    other(row[name] or 0 if name == "seal" else row[name]).filter(
                        lambda made: name not in {"id", "number"} or made not in taken
                    )
                )
                tx.execute(update(table).where(*keys).values({name: value}))
            elif what == "remove":
                tx.execute(delete(table).where(*keys))
            elif what == "double":
                tx.execute(insert(table).values({**row, "id": data.draw(st.integers(1_000, 9_000))}))
            else:
                tx.execute(update(table).where(*keys).values(seal=None))
    except IntegrityError:
        reject()  # not even someone without triggers can do this
    else:
        reports = [report(db, template.copy, chain, signed=True) for chain in (CITY, PROTECTED)]
        assert not all(found.ok for found in reports), (table.name, row, what)


@settings(max_examples=20)
@given(data=st.data())
def test_any_change_of_the_file_outside_is_found_or_told(template: Template, data: st.DataObject) -> None:
    chain = data.draw(st.sampled_from([CITY, PROTECTED]))
    lines = (template.folder / f"{chain}.seals").read_bytes().splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    bit = data.draw(st.integers(0, 8 * lines[place].index(b'"time"') - 1))
    lines[place] = data.draw(st.sampled_from([b"", _flipped(lines[place], bit)]))
    with tempfile.TemporaryDirectory(prefix="imm-audit-") as folder:
        (Path(folder) / f"{chain}.seals").write_bytes(b"".join(lines))
        db = Database(f"sqlite:///{template.folder / 'city.sqlite'}")
        try:
            found = report(db, Path(folder), chain, signed=True)
        finally:
            db.close()
    gone = found.first  # what was let go since is not compared any more
    assert not found.ok or found.notices or place + 1 < gone


def test_a_witness_of_another_chain_does_not_fit(db: Database, folder: Path) -> None:
    shutil.copyfile(folder / "city.seals", folder / "protected.seals")
    assert [fault.how for fault in report(db, folder, PROTECTED).faults] == ["cut"]
    assert Witness(folder, PROTECTED, clock=Fake()).path.name == "protected.seals"
