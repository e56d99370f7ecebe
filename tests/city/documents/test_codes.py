"""Codes are read as people write them, and one wrong letter is found."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from city.documents import codes
from city.documents.records import initials

CODES = st.builds(codes.new)


@given(CODES)
def test_a_code_is_read_as_it_is_shown(code: str) -> None:
    assert codes.parse(code) == codes.parse(codes.shown(code)) == code
    assert codes.parse(f"  {codes.shown(code).lower().replace('-', ' ')} ") == code
    assert codes.parse(code.replace("1", "l").replace("0", "o")) == code


@given(CODES, st.integers(0, codes.LENGTH - 1), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_letter_is_found(code: str, place: int, letter: str) -> None:
    assume(code[place] != letter)
    assert codes.parse(code[:place] + letter + code[place + 1 :]) is None


@given(st.text(max_size=20) | st.text(string.ascii_letters + string.digits, min_size=12, max_size=12))
def test_whatever_is_written(text: str) -> None:
    found = codes.parse(text)
    assert found is None or codes.parse(found) == found


def test_codes_are_not_guessed() -> None:
    assert len({codes.new() for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "name, short",
    [("Siti Nurhaliza", "S. N."), ("Suparman", "S."), ("a b c d", "A. B. C."), ("  ", ""), ("3 Roda", "R.")],
)
def test_initials(name: str, short: str) -> None:
    assert initials(name) == short
