"""Cells as people write them."""

from contextlib import suppress
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.imports import Bad, parsers
from city.imports.columns import Parser

ANYTHING = st.text(max_size=40) | st.integers() | st.floats() | st.booleans() | st.dates() | st.times()


@pytest.mark.parametrize(
    "cell, found",
    [
        ("31/12/2026", date(2026, 12, 31)),
        ("1-2-2026", date(2026, 2, 1)),
        ("1.2.2026", date(2026, 2, 1)),
        ("2026-02-01", date(2026, 2, 1)),
        ("2026-02-01 00:00:00", date(2026, 2, 1)),
        ("17 Agustus 1945", date(1945, 8, 17)),
        ("3 Nop 2026", date(2026, 11, 3)),
        (datetime(2026, 2, 1, 0, 0), date(2026, 2, 1)),  # noqa: DTZ001 - as Excel has it
        (date(2026, 2, 1), date(2026, 2, 1)),
    ],
)
def test_days(cell: object, found: date) -> None:
    assert parsers.day(cell) == found


@pytest.mark.parametrize(
    "cell", ["31/02/2026", "1/2/26", "12/31/2026", "Selasa", "2026", 46_000, "0/1/2026", "1 Foo 2026"]
)
def test_no_days(cell: object) -> None:
    with pytest.raises(Bad, match="no date"):
        parsers.day(cell)


@pytest.mark.parametrize(
    "cell, found",
    [
        ("Rp1.250.000", 1_250_000),
        ("Rp. 1.250.000,00", 1_250_000),
        ("rp 500,-", 500),
        ("1250000", 1_250_000),
        (1_250_000.0, 1_250_000),
        ("0", 0),
    ],
)
def test_rupiah(cell: object, found: int) -> None:
    assert parsers.rupiah(cell) == found


@pytest.mark.parametrize("cell", ["1.25", "1,250,000", "-5", "1.250.00", "Rp", 1.5, "1e6", ""])
def test_no_rupiah(cell: object) -> None:
    with pytest.raises(Bad):
        parsers.rupiah(cell)


@pytest.mark.parametrize(
    "cell, found",
    [
        ("3274010101900001", "3274010101900001"),
        ("3274 0141 0190 0001", "3274014101900001"),
        ("'3274010101900001", "3274010101900001"),
        (3274010101900001, "3274010101900001"),
    ],
)
def test_nik(cell: object, found: str) -> None:
    assert parsers.nik(cell) == found


@pytest.mark.parametrize(
    "cell", ["327401010190000", "3274013201900001", "3274010113900001", "3274010101900000", "abc"]
)
def test_no_nik(cell: object) -> None:
    with pytest.raises(Bad, match="16 digits"):
        parsers.nik(cell)


@pytest.mark.parametrize("cell", ["3,27401E+15", "3.27401010101E+15", 3274010101900000, 3274010101900010.0])
def test_a_nik_that_excel_has_rounded_is_told_so(cell: object) -> None:
    with pytest.raises(Bad, match="Excel has rounded"):
        parsers.nik(cell)


@pytest.mark.parametrize(
    "cell",
    ["0812-3456-7890", "+62 812 3456 7890", "812 3456 7890".replace(" ", ""), 81234567890, "6281234567890"],
)
def test_phone(cell: object) -> None:
    assert parsers.phone(cell) == "+6281234567890"


def test_flags_and_choices() -> None:
    assert [parsers.flag(cell) for cell in ("Ya", "TIDAK", True, 0, "v", "-")] == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    pick = parsers.choice({"male": ("Laki-laki", "L"), "female": ("Perempuan", "P")})
    assert [pick(cell) for cell in ("l", " laki-laki ", "Female")] == ["male", "male", "female"]
    with pytest.raises(Bad, match="choose one of: Laki-laki, Perempuan"):
        pick("x")


def test_numbers_have_bounds() -> None:
    assert parsers.integer(1, 10)(" 7 ") == 7
    assert parsers.integer()(7.0) == 7
    for cell, word in (("11", "between 1 and 10"), ("1.5", "whole"), ("x", "whole")):
        with pytest.raises(Bad, match=word):
            parsers.integer(1, 10)(cell)
    with pytest.raises(Bad, match="at least 1"):
        parsers.integer(1)(0)
    with pytest.raises(Bad, match="too long"):
        parsers.text(3)("abcd")


@given(
    ANYTHING,
    st.sampled_from(
        [
            parsers.day,
            parsers.rupiah,
            parsers.nik,
            parsers.phone,
            parsers.email,
            parsers.flag,
            parsers.integer(0, 9),
            parsers.text(10),
        ]
    ),
)
def test_whatever_stands_there_is_read_or_refused(cell: object, parse: Parser) -> None:
    with suppress(Bad):
        parse(cell)


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d"]))
def test_every_day_is_read_as_it_was_written(day: date, form: str) -> None:
    assert parsers.day(day.strftime(form)) == day
