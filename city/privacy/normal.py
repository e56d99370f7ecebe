"""The one form of a value under which it is looked up: however it was written, it gives the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from contracts.errors import Refused

_HIDDEN: Final = "(not shown)"  # an error may be logged
_COUNTRY: Final = "ID"  # of numbers written without one
_NIK: Final = re.compile(r"\d{16}")
_PROVINCES: Final = range(11, 97)  # codes of Kemendagri begin with 11 (Aceh) and end with those of Papua
_WOMEN: Final = 40  # is added to the day of birth


def nik(text: str) -> str:
    """Number of an Indonesian identity card: 16 digits with a place and a day of birth. Raises Refused."""
    digits = re.sub(r"[\s.-]", "", text)
    if not _NIK.fullmatch(digits) or not digits.isascii():
        raise Refused("nik", _HIDDEN, "16 digits")
    if int(digits[:2]) not in _PROVINCES or digits[2:4] == "00" or digits[4:6] == "00":
        raise Refused("nik", _HIDDEN, "it begins with the code of a kecamatan")
    day, month, year = (int(digits[place : place + 2]) for place in (6, 8, 10))
    if not any(_is_day(century + year, month, day % _WOMEN) for century in (1900, 2000)) or day > _WOMEN + 31:
        raise Refused("nik", _HIDDEN, "its digits 7 to 12 are a day of birth (for women the day and 40)")
    if digits[12:] == "0000":
        raise Refused("nik", _HIDDEN, "its last four digits count from 0001")
    return digits


def phone(text: str) -> str:
    """Phone number in E.164: `0812…` and `+62 812…` are the same. Raises Refused."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, _COUNTRY)
    except phonenumbers.NumberParseException:
        raise Refused("phone", _HIDDEN, "a phone number, as in 0812 3456 7890 or +62 812 3456 7890") from None
    if not phonenumbers.is_valid_number(number):
        raise Refused("phone", _HIDDEN, "there is no such number in its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str:
    """Mail address; capitals do not count, as no mailbox tells them apart. Raises Refused."""
    import email_validator

    try:
        found = email_validator.validate_email(text.strip(), check_deliverability=False)
    except email_validator.EmailNotValidError:
        raise Refused("email", _HIDDEN, "a mail address, as in nama@contoh.id") from None
    return found.normalized.casefold()


FORMS: Final[Mapping[str, Callable[[str], str]]] = {"nik": nik, "phone": phone, "email": email}


def normal(name: str, value: str) -> str:
    """Normal form of a value by its name; what has none is taken as it is. Raises Refused."""
    form = FORMS.get(name)
    return form(value) if form else value


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
