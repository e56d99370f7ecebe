"""One form for all ways of writing, and an error that does not show what it refuses."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.privacy.normal import email, nik, normal, phone
from contracts.errors import Refused

GOOD_NIK = [
    "3274014107900002",
    "3274 0141 0790 0002",
    "32.74.01.410790.0002",
    "1101010101000001",
    "9171013112990123",
]
BAD_NIK = [
    "",
    "327401410790000",
    "32740141079000022",
    "0074014107900002",
    "9974014107900002",
    "3200014107900002",
    "3274004107900002",
    "3274014113900002",
    "3274013202900002",
    "3274017202900002",
    "3274010000900002",
    "3274014007900002",
    "3274014107900000",
    "٣٢٧٤٠١٤١٠٧٩٠٠٠٠٢",
    "327401410790000a",
]


@pytest.mark.parametrize("text", GOOD_NIK)
def test_a_nik(text: str) -> None:
    assert nik(text) == "".join(sign for sign in text if sign.isdigit())


@pytest.mark.parametrize("text", BAD_NIK)
def test_no_nik(text: str) -> None:
    with pytest.raises(Refused) as refused:
        nik(text)
    assert not text or text not in str(refused.value)


@given(st.integers(0, 10**16 - 1))
def test_a_nik_is_its_own_form(number: int) -> None:
    text = f"{number:016}"
    with contextlib.suppress(Refused):
        assert nik(text) == text


@pytest.mark.parametrize("text", ["0812 3456 7890", "+62 812-3456-7890", "(0812) 34567890", "6281234567890"])
def test_a_phone(text: str) -> None:
    assert phone(text) == "+6281234567890"


def test_a_foreign_phone() -> None:
    assert phone("+31 20 794 0800") == "+31207940800"


@pytest.mark.parametrize(
    "text", ["", "112", "0812", "hello", "+62 999 999 999 999", "0812 3456 7890 1234 55"]
)
def test_no_phone(text: str) -> None:
    with pytest.raises(Refused) as refused:
        phone(text)
    assert not text or text not in str(refused.value)


def test_a_mail_address() -> None:
    assert email(" Siti@Contoh.ID ") == "siti@contoh.id"


@pytest.mark.parametrize("text", ["", "siti", "siti@", "@x.id", "a b@contoh.id", "siti@localhost"])
def test_no_mail_address(text: str) -> None:
    with pytest.raises(Refused) as refused:
        email(text)
    assert not text or text not in str(refused.value)


def test_what_has_no_form_is_taken_as_it_is() -> None:
    assert normal("case number", " X 1") == " X 1"
