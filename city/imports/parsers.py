"""Cell → value, as people in an Indonesian office write it. Each raises Bad, with why in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from city.imports.columns import Cell, Parser
from city.imports.problems import LONG, Bad
from city.privacy import normal
from contracts.errors import Refused
from contracts.judgements import Text

_SPACES: Final = re.compile(r"\s+")
_NUMBER: Final = Text(id="bukan bilangan bulat", en="is not a whole number")
_MONEY: Final = Text(
    id="bukan jumlah rupiah, misalnya Rp1.250.000", en="is no amount of rupiah, such as Rp1.250.000"
)
_DATE: Final = Text(id="bukan tanggal, misalnya 31/12/2026", en="is no date, such as 31/12/2026 (day first)")
_NIK: Final = Text(id="NIK harus 16 angka yang benar", en="a NIK has 16 digits, with a date of birth in them")
_ROUNDED: Final = Text(
    id="Excel membulatkan angka panjang; jadikan kolom ini Teks lalu isi ulang",
    en="Excel has rounded this long number; format the column as Text and fill it in again",
)
_PHONE: Final = Text(
    id="bukan nomor telepon, misalnya 0812-3456-7890", en="is no phone number, such as 0812-3456-7890"
)
_EMAIL: Final = Text(id="bukan alamat surel", en="is no e-mail address")
_FLAG: Final = Text(id="isi dengan ya atau tidak", en="say yes or no")
_YES: Final = frozenset({"ya", "y", "yes", "true", "1", "benar", "v"})
_NO: Final = frozenset({"tidak", "t", "no", "n", "false", "0", "salah", "-"})
_DATES: Final = (
    re.compile(r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ]00:00(?::00)?)?"),
    re.compile(r"(?P<d>\d{1,2})\s+(?P<name>[a-z]+)\s+(?P<y>\d{4})", re.IGNORECASE),
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari pebruari february feb",
            "maret march mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu aug ags",
            "september sep sept",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
_EXACT: Final = 2**53  # whole numbers up to it a float holds exactly
_NIK_DIGITS: Final = 16
_POWER: Final = re.compile(r"\d([.,]\d+)?[eE]\+?15")


def text(longest: int = 200) -> Parser:
    """Words, with single spaces between them."""

    def parse(cell: Cell) -> str:
        found = _SPACES.sub(" ", written(cell)).strip()
        if len(found) > longest:
            raise Bad(LONG)
        return found

    return parse


def integer(least: int | None = None, most: int | None = None) -> Parser:
    """A whole number within bounds."""

    def parse(cell: Cell) -> int:
        digits = written(cell).strip()
        if not re.fullmatch(r"[+-]?\d{1,15}", digits):
            raise Bad(_NUMBER)
        number = int(digits)
        if (least is not None and number < least) or (most is not None and number > most):
            raise Bad(_between(least, most))
        return number

    return parse


def rupiah(cell: Cell) -> int:
    """An amount in whole rupiah: `Rp1.250.000`, `1.250.000,00`, 1250000."""
    found = re.sub(r"(?i)^rp\.?\s*|\s+", "", written(cell).strip())
    found = re.sub(r",(00|-)$", "", found)
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", found):
        found = found.replace(".", "")
    if not re.fullmatch(r"\d{1,15}", found):
        raise Bad(_MONEY)
    return int(found)


def day(cell: Cell) -> date:
    """A date, the day first: `31/12/2026`, `31 Desember 2026`, `2026-12-31`, or a date of Excel."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    found = written(cell).strip()
    for pattern in _DATES:
        if match := pattern.fullmatch(found):
            parts = match.groupdict()
            month = _MONTHS.get(parts["name"].lower(), 0) if "name" in parts else int(parts["m"])
            try:
                return date(int(parts["y"]), month, int(parts["d"]))
            except ValueError:
                break
    raise Bad(_DATE)


def nik(cell: Cell) -> str:
    """A NIK of 16 digits. Its shape is checked, not whether it was given to anybody."""
    found = written(cell).strip()
    if isinstance(cell, int | float) and len(found) == _NIK_DIGITS and found.endswith("0"):
        raise Bad(_ROUNDED)  # Excel keeps 15 digits of a number and writes 0 for the last
    if _POWER.fullmatch(found):
        raise Bad(_ROUNDED)
    return _normal(normal.nik, found.removeprefix("'"), _NIK)


def phone(cell: Cell) -> str:
    """A phone number as E.164; without a country's code it is Indonesian."""
    found = written(cell).strip().removeprefix("'")
    if re.fullmatch(r"8\d{8,11}", found):
        found = f"0{found}"  # Excel takes the nought away
    return _normal(normal.phone, found, _PHONE)


def email(cell: Cell) -> str:
    """An e-mail address in its usual form; nobody is asked whether it exists."""
    return _normal(normal.email, written(cell).strip(), _EMAIL)


def flag(cell: Cell) -> bool:
    """Yes or no."""
    found = written(cell).strip().casefold()
    if found in _YES:
        return True
    if found in _NO:
        return False
    raise Bad(_FLAG)


def choice(options: Mapping[str, tuple[str, ...]]) -> Parser:
    """One of several values; each with the words that mean it."""
    known = {word.casefold(): value for value, words in options.items() for word in (value, *words)}
    named = ", ".join(words[0] if words else value for value, words in options.items())
    said = Text(id=f"pilih salah satu: {named}", en=f"choose one of: {named}")

    def parse(cell: Cell) -> str:
        found = known.get(_SPACES.sub(" ", written(cell)).strip().casefold())
        if found is None:
            raise Bad(said)
        return found

    return parse


def written(cell: Cell) -> str:
    """A cell as it would be written: Excel's 12.0 is 12."""
    if isinstance(cell, bool):
        return "ya" if cell else "tidak"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    return str(cell)


def _normal(form: Callable[[str], str], found: str, said: Text) -> str:
    try:
        return form(found)
    except Refused:
        raise Bad(said) from None


def _between(least: int | None, most: int | None) -> Text:
    if most is None:
        return Text(id=f"paling sedikit {least}", en=f"at least {least}")
    if least is None:
        return Text(id=f"paling banyak {most}", en=f"at most {most}")
    return Text(id=f"antara {least} dan {most}", en=f"between {least} and {most}")
