"""Dry, all or nothing, or row by row; the same file twice changes nothing."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from city.db import Database, check
from city.db.migrate import differences
from city.errors import Unavailable
from city.imports import Imports, Mode, Problem, Report, Row, once
from city.imports.errors import Unreadable
from city.imports.history import HISTORY
from city.imports.report import exported, harmless
from city.imports.tables import rows as remembered
from city.imports.tables import runs
from contracts.judgements import Text
from tests.city.imports.conftest import LAYOUT, MEMBERS, blind, members, put


def nik(number: int) -> str:
    return f"32740101019{number:05d}"


def body(*rows: tuple[str, str]) -> bytes:
    return "\r\n".join(["NIK;Nama", *(";".join(row) for row in rows), ""]).encode()


GOOD = body((nik(1), "Siti"), (nik(2), "Budi"))
MIXED = body((nik(1), "Siti"), ("12", "Salah"), (nik(2), "Ditolak"), (nik(3), "Budi"), (nik(3), "Lagi"))


def run(imports: Imports, content: bytes, mode: Mode, **options: object) -> Report:
    return imports.run(LAYOUT, content, put, mode=mode, by="p1", **options)  # type: ignore[arg-type]  # as named


def counts(report: Report) -> tuple[int, int, int, int, int]:
    return report.rows, report.new, report.changed, report.same, report.refused


def kept(db: Database, table: sa.Table) -> int:
    with db.read() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


@pytest.mark.parametrize("content", [GOOD, MIXED], ids=["good", "mixed"])
def test_a_dry_run_changes_nothing(db: Database, imports: Imports, content: bytes) -> None:
    report = run(imports, content, Mode.DRY)
    assert not report.committed
    assert (members(db), kept(db, runs), kept(db, remembered)) == ({}, 0, 0)
    assert counts(report) == ((2, 2, 0, 0, 0) if content == GOOD else (5, 2, 0, 0, 3))


def test_a_dry_run_tells_what_the_real_one_does(db: Database, imports: Imports) -> None:
    dry, real = run(imports, MIXED, Mode.DRY), run(imports, MIXED, Mode.EACH)
    assert counts(dry) == counts(real) == (5, 2, 0, 0, 3)
    assert dry.problems == real.problems
    assert [(one.row, one.column, one.said.en[:14]) for one in real.problems] == [
        (3, "NIK", "a NIK has 16 d"),
        (4, "Nama", "lives elsewher"),
        (6, "nik", "stands in an e"),
    ]
    assert members(db) == {nik(1): "Siti", nik(3): "Budi"}


def test_all_or_nothing(db: Database, imports: Imports) -> None:
    report = run(imports, MIXED, Mode.ALL)
    assert (report.committed, report.good) == (False, False)
    assert members(db) == {}
    refused_late = body((nik(1), "Siti"), (nik(2), "Ditolak"))
    assert not run(imports, refused_late, Mode.ALL).committed
    assert (members(db), kept(db, remembered)) == ({}, 0)
    report = run(imports, GOOD, Mode.ALL)
    assert (report.committed, counts(report)) == (True, (2, 2, 0, 0, 0))
    assert members(db) == {nik(1): "Siti", nik(2): "Budi"}


@pytest.mark.parametrize("mode", [Mode.ALL, Mode.EACH])
def test_again_is_once(db: Database, imports: Imports, mode: Mode) -> None:
    run(imports, GOOD, mode)
    with db.begin() as tx:
        tx.execute(sa.update(MEMBERS).values(name="diubah tangan"))
    assert counts(run(imports, GOOD, mode)) == (2, 0, 0, 2, 0)
    assert set(members(db).values()) == {"diubah tangan"}
    changed = body((nik(1), "Siti Aminah"), (nik(2), "Budi"), (nik(3), "Baru"))
    assert counts(run(imports, changed, mode)) == (3, 1, 1, 1, 0)
    assert members(db)[nik(1)] == "Siti Aminah"


def test_what_is_forgotten_is_taken_again(db: Database, imports: Imports) -> None:
    run(imports, GOOD, Mode.EACH)
    with db.begin() as tx:
        tx.execute(sa.delete(MEMBERS).where(MEMBERS.c.nik == nik(1)))
        once.forget(tx, LAYOUT, (nik(1),), blind)
    assert counts(run(imports, GOOD, Mode.EACH)) == (2, 1, 0, 1, 0)
    assert nik(1) in members(db)


def test_an_outage_in_between_leaves_no_half_and_the_same_file_goes_on(
    db: Database, imports: Imports
) -> None:
    content = body(*[(nik(number), f"Warga {number}") for number in range(1, 251)])
    calls = 0

    def dying(tx: sa.Connection, row: Row) -> None:
        nonlocal calls
        calls += 1
        if calls == 150:
            raise Unavailable("killed")
        put(tx, row)

    with pytest.raises(Unavailable):
        imports.run(LAYOUT, content, dying, mode=Mode.EACH, by="p1")
    assert len(members(db)) == 100
    with db.read() as tx:
        row = tx.execute(sa.select(runs)).mappings().one()
    assert (row["done"], row["total"], row["ended"]) == (100, 250, None)
    assert imports.progress(row["id"]) == (100, 250)
    assert counts(run(imports, content, Mode.EACH)) == (250, 150, 0, 100, 0)
    assert len(members(db)) == 250


def test_progress_is_told(imports: Imports) -> None:
    told: list[tuple[int, int]] = []
    content = body(*[(nik(number), "Warga") for number in range(1, 251)], ("12", "Salah"))
    run(imports, content, Mode.EACH, progress=lambda done, total: told.append((done, total)))
    assert told == [(101, 251), (201, 251), (251, 251)]


def test_two_at_once_apply_each_row_once(db: Database, imports: Imports) -> None:
    content = body(*[(nik(number), "Warga") for number in range(1, 31)])

    def strict(tx: sa.Connection, row: Row) -> None:
        tx.execute(sa.insert(MEMBERS).values(nik=row["nik"], name=row["name"]))

    with ThreadPoolExecutor(8) as pool:
        reports = list(
            pool.map(lambda _: imports.run(LAYOUT, content, strict, mode=Mode.EACH, by="p1"), range(8))
        )
    assert sum(report.new for report in reports) == 30
    assert sum(report.same for report in reports) == 7 * 30
    assert len(members(db)) == 30


def test_too_many_for_one_transaction(imports: Imports) -> None:
    content = body(*[(nik(number), "Warga") for number in range(1, 5_002)])
    with pytest.raises(Unreadable, match="5000"):
        run(imports, content, Mode.ALL)


def test_a_file_of_too_many_bytes(imports: Imports) -> None:
    with pytest.raises(Unreadable, match="10 MB"):
        run(imports, bytes(10_000_001), Mode.EACH)


def test_nothing_that_is_kept_of_rows_can_be_read(db: Database, imports: Imports) -> None:
    run(imports, GOOD, Mode.EACH)
    with db.read() as tx:
        for table in (runs, remembered):
            text = str(tx.execute(sa.select(table)).all())
            assert nik(1) not in text
            assert "Siti" not in text


class TestReports:
    def test_it_opens_in_excel_and_runs_nothing(self) -> None:
        problems = [
            Problem(row=2, column="=Nama", value='=cmd|"/c calc"!A1', said=Text(id="é; salah", en="wrong")),
            Problem(row=0, column="", value="", said=Text(id="x", en="y")),
        ]
        report = Report(run="", layout="x", committed=False, refused=2, problems=tuple(problems))
        text = exported(report)
        assert text.startswith(b"\xef\xbb\xbfBaris;Kolom;Isi;Sebab;Reason\r\n")
        rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=";"))
        assert rows[1] == ["2", "'=Nama", '\'=cmd|"/c calc"!A1', "é; salah", "wrong"]
        assert rows[2][0] == ""

    @given(st.text(max_size=30))
    def test_no_cell_is_a_formula(self, cell: str) -> None:
        safe = harmless(cell)
        assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert safe.removeprefix("'") == cell or safe == cell
