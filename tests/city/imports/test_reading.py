"""Files as offices send them, and as people of ill will do."""

import csv
import io
import zipfile
from contextlib import suppress
from datetime import date
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.imports import Row, delimited, table, template, workbook
from city.imports.errors import Unreadable
from city.imports.problems import Problem
from tests.city.files import makers
from tests.city.imports.conftest import LAYOUT

NIK = "3274010101900001"


def rows(lines: Any) -> list[Row | list[Problem]]:
    heading, rest = table.found(lines, LAYOUT)
    return list(table.rows(rest, heading, LAYOUT))


def from_csv(body: bytes) -> list[Row | list[Problem]]:
    return rows(delimited.lines(body, LAYOUT))


def from_xlsx(*cells: list[Any], edit: Any = None, formulas: bool = False) -> list[Row | list[Problem]]:
    book = openpyxl.Workbook()
    for line in cells:
        book.active.append(line)
    if edit:
        edit(book)
    out = io.BytesIO()
    book.save(out)
    return rows(workbook.lines(out.getvalue(), LAYOUT, "x.xlsx", formulas=formulas))


def only(found: list[Row | list[Problem]]) -> Row:
    (row,) = found
    assert isinstance(row, Row), row
    return row


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    @pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
    def test_encodings_and_delimiters(self, encoding: str, delimiter: str) -> None:
        text = f"NIK{delimiter}Nama lengkap\r\n{NIK}{delimiter}José; \r\n".replace("; ", "")
        row = only(from_csv(text.encode(encoding)))
        assert (row["nik"], row["name"], row.number) == (NIK, "José", 2)

    def test_what_excel_puts_above(self) -> None:
        row = only(from_csv(f"sep=|\r\nNIK|Nama\r\n{NIK}|Siti\r\n".encode()))
        assert (row["name"], row.number) == ("Siti", 3)

    def test_commas_within_do_not_mislead(self) -> None:
        body = f'NIK;Nama;Alamat, lengkap, dengan RT\r\n{NIK};"Siti; S.H.";"Jl. A, 1, 2, 3"\r\n'
        assert only(from_csv(body.encode()))["name"] == "Siti; S.H."

    def test_a_title_above_and_empty_lines_between(self) -> None:
        body = f"Daftar anggota;;\r\n;;\r\nNIK*;NAMA*;No. HP\r\n;;\r\n{NIK};Siti;08123456789\r\n;;\r\n"
        row = only(from_csv(body.encode()))
        assert (row.number, row["phone"]) == (5, "+628123456789")

    def test_cells_are_refused_one_by_one(self) -> None:
        (found,) = from_csv(b"NIK;Nama;Tanggal lahir\r\n12;;kemarin\r\n")
        assert isinstance(found, list)
        assert [(one.row, one.column, one.value, one.said.en[:10]) for one in found] == [
            (2, "NIK", "12", "a NIK has "),
            (2, "Nama", "", "must be fi"),
            (2, "Tanggal lahir", "kemarin", "is no date"),
        ]

    def test_a_long_value_is_cut(self) -> None:
        (found,) = from_csv(f"NIK;Nama\r\n{'9' * 500};Siti\r\n".encode())
        assert isinstance(found, list)
        assert len(found[0].value) == 40

    @pytest.mark.parametrize(
        "body, word",
        [
            (b"", "empty"),
            (b"a;b\r\n1;2\r\n", "not there: Citizen number, Name"),
            (b"NIK\r\n1\r\n", "not there: Name"),
            (b"NIK;Nama;nik\r\n1;2;3\r\n", "twice"),
            (b"NIK;Nama\r\n\x00;x\r\n", "no text"),
            (b'NIK;Nama\r\n1;"Siti\r\n', "row 2"),
            (b"NIK;Nama\r\n" + b";" * 300 + b"\r\n", "200 columns"),
            (b"NIK;Nama\r\n" + b"1;x\r\n" * 20_001, "20000 rows"),
        ],
    )
    def test_what_is_no_such_table_is_refused(self, body: bytes, word: str) -> None:
        with pytest.raises(Unreadable, match=word):
            from_csv(body)

    @given(st.binary(max_size=200))
    def test_whatever_comes_is_read_or_refused(self, body: bytes) -> None:
        with suppress(Unreadable):
            from_csv(b"NIK;Nama\r\n" + body)

    @given(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
            min_size=1,
            max_size=5,
        )
    )
    def test_what_was_written_is_read(self, names: list[str]) -> None:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=";").writerows([["NIK", "Nama"], *[[NIK, name] for name in names]])
        wanted = [" ".join(name.split()) for name in names if name.strip()]
        found = [row["name"] for row in from_csv(out.getvalue().encode()) if isinstance(row, Row)]
        assert found == wanted


class TestExcel:
    def test_cells_of_excel(self) -> None:
        row = only(
            from_xlsx(
                ["NIK", "Nama", "Tanggal lahir", "Telepon"],
                [NIK, "Siti", date(1990, 1, 1), 81234567890],
            )
        )
        assert (row["nik"], row["born"], row["phone"]) == (NIK, date(1990, 1, 1), "+6281234567890")

    def test_a_nik_kept_as_a_number_is_rounded(self) -> None:
        (found,) = from_xlsx(["NIK", "Nama"], [3274010101900000, "Siti"])
        assert isinstance(found, list)
        assert "rounded" in found[0].said.en

    def test_formulas_are_refused_and_never_reckoned(self) -> None:
        (found,) = from_xlsx(["NIK", "Nama"], [NIK, '=HYPERLINK("http://x","y")'])
        assert isinstance(found, list)
        assert "formula" in found[0].said.en
        assert found[0].value == ""

    def test_errors_of_excel_are_refused(self) -> None:
        def broken(book: Any) -> None:
            cell = book.active.cell(row=2, column=2)
            cell.value, cell.data_type = "#REF!", "e"

        (found,) = from_xlsx(["NIK", "Nama"], [NIK, "x"], edit=broken)
        assert isinstance(found, list)
        assert "error of Excel" in found[0].said.en

    def test_the_first_sheet_that_is_seen(self) -> None:
        def hidden(book: Any) -> None:
            book.active.sheet_state = "hidden"
            seen = book.create_sheet("Data")
            seen.append(["NIK", "Nama"])
            seen.append([NIK, "Siti"])

        assert only(from_xlsx(["NIK", "Nama"], [NIK, "Rahasia"], edit=hidden))["name"] == "Siti"

    def test_a_far_row_or_column_costs_nothing(self) -> None:
        def far(book: Any) -> None:
            book.active.cell(row=1_000_000, column=1, value="x")

        with pytest.raises(Unreadable, match="20000 rows"):
            from_xlsx(["NIK", "Nama"], [NIK, "Siti"], edit=far)

        def wide(book: Any) -> None:
            book.active.cell(row=1, column=201, value="x")

        with pytest.raises(Unreadable, match="200 columns"):
            from_xlsx(["NIK", "Nama"], [NIK, "Siti"], edit=wide)

    def test_bombs_and_broken_ones(self) -> None:
        bombs = [
            makers.workbook(("xl/big.xml", bytes(70_000_000))),
            makers.workbook(("xl/vbaProject.bin", b"x")),
            makers.workbook()[:-40],
            makers.archive([("a", b"b")]),
            _entities(),
        ]
        for body in bombs:
            with pytest.raises(Unreadable) as refused:
                rows(workbook.lines(body, LAYOUT, "x.xlsx"))
            assert refused.value.said.id

    def test_the_template_is_read_again(self) -> None:
        assert rows(workbook.lines(template.as_xlsx(LAYOUT), LAYOUT, "x")) == []
        assert from_csv(template.as_csv(LAYOUT)) == []
        book = openpyxl.load_workbook(io.BytesIO(template.as_xlsx(LAYOUT)))
        assert [cell.value for cell in book["Data"][1]] == ["NIK*", "Nama*", "Tanggal lahir", "No. HP"]
        assert book["Data"].column_dimensions["A"].number_format == "@"
        assert book["Petunjuk"]["C2"].value == "3274010101900001"


def _entities() -> bytes:
    """A sheet whose text would grow a thousand million times."""
    text = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    sheet = (
        f'{text}]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(makers.workbook())) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            body = sheet.encode() if entry.filename == "xl/worksheets/sheet1.xml" else old.read(entry)
            new.writestr(entry.filename, body)
    return out.getvalue()
