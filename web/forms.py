"""Forms of pages: what was typed stands in the fields again, with what is wrong, in the reader's language.

@routes.post("/ajukan")
async def ask(request: Request, typed: forms.Typed) -> Response:
    read = forms.Reading(typed)
    name, due = read.text("name", most=80), read.moment("due")
    if read.faults:
        return render(request, "lengko/ask.html", status=422, form=read.form)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Depends, Request

from contracts import instants
from contracts.errors import Refused
from contracts.judgements import Text

E = TypeVar("E", bound=StrEnum)
ZONE: Final = ZoneInfo("Asia/Jakarta")
EMPTY: Final = Text(id="Isi bagian ini", en="Fill this in")
UNKNOWN: Final = Text(id="Pilih salah satu", en="Choose one of these")
NO_NUMBER: Final = Text(id="Tulis sebagai angka, misalnya 12", en="Write a number, such as 12")
NO_MOMENT: Final = Text(id="Tulis tanggal dan jam", en="Give a date and a time")
NO_DAY: Final = Text(id="Tulis tanggal, misalnya 24-11-2026", en="Give a date, such as 2026-11-24")
TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed into a form and what is wrong with it; web/parts/forms.html shows both."""

    id: str = "form"  # where a page has several
    values: Mapping[str, tuple[str, ...]] = {}
    faults: Mapping[str, Text] = {}  # by field; under the empty name what concerns all of it

    def value(self, name: str) -> str:
        """What stands in a field."""
        return (self.values.get(name) or ("",))[0]

    def all(self, name: str) -> tuple[str, ...]:
        """What was chosen, where several may be."""
        return self.values.get(name, ())

    def fault(self, name: str) -> Text | None:
        """What is wrong with a field."""
        return self.faults.get(name)

    def but(self, name: str, text: Text) -> Form:
        """The same with one more fault."""
        return msgspec.structs.replace(self, faults={**self.faults, name: text})

    def refused(self, error: Refused) -> Form:
        """The same with what a service refused: at its field, or above where the form has no such field."""
        name = error.field if error.field in self.values else ""
        return self.but(name, Text(id=error.reason, en=error.reason))


def of(**values: object) -> Form:
    """A form that shows what is kept: nothing typed yet."""
    return Form(values={name: (str(value),) for name, value in values.items() if value is not None})


async def typed(request: Request) -> Form:
    """What a browser sent; files are not among it."""
    if not request.headers.get("content-type", "").startswith(TYPES):
        return Form()
    values: dict[str, tuple[str, ...]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            values[name] = (*values.get(name, ()), value.replace("\r\n", "\n"))
    return Form(values=values)


Typed = Annotated[Form, Depends(typed)]


class Reading:
    """Takes a form apart and gathers what is wrong, so that a person hears of all of it at once.

    A field that is wrong reads as empty, 0 or None: go on only where `faults` is empty.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self.faults: dict[str, Text] = dict(form.faults)

    @property
    def form(self) -> Form:
        """The form with its faults."""
        return msgspec.structs.replace(self._form, faults=self.faults)

    def wrong(self, name: str, text: Text) -> None:
        """Note a fault; the first of a field counts."""
        self.faults.setdefault(name, text)

    def text(self, name: str, *, most: int, least: int = 1) -> str:
        """Text without the space around it and without control characters."""
        value = self._form.value(name).strip()
        value = "".join(one for one in value if one == "\n" or one.isprintable())
        if len(value) < least:
            self.wrong(name, EMPTY if least == 1 or not value else _short(least))
        elif len(value) > most:
            self.wrong(name, _long(most, len(value)))
        else:
            return value
        return ""

    def number(self, name: str, *, least: int, most: int) -> int:
        """Whole number in a range."""
        value = self._form.value(name).strip()
        if not (value.removeprefix("-").isascii() and value.removeprefix("-").isdecimal()):
            self.wrong(name, NO_NUMBER if value else EMPTY)
        elif len(value) > 18 or not least <= int(value) <= most:
            self.wrong(name, Text(id=f"Antara {least} dan {most}", en=f"Between {least} and {most}"))
        else:
            return int(value)
        return 0

    def choice(self, name: str, kind: type[E], *, needed: bool = True) -> E | None:
        """One of a list."""
        value = self._form.value(name)
        if value in set(kind):
            return kind(value)
        if needed or value:
            self.wrong(name, UNKNOWN)
        return None

    def moment(self, name: str, *, needed: bool = True) -> int | None:
        """Local time (WIB) → µs UTC."""
        value = self._form.value(name).strip()
        try:
            local = datetime.strptime(value[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=ZONE)
        except ValueError:
            if needed or value:
                self.wrong(name, NO_MOMENT)
            return None
        return instants.from_datetime(local)

    def day(self, name: str, *, needed: bool = True) -> date | None:
        """A day of the calendar."""
        value = self._form.value(name).strip()
        try:
            return date.fromisoformat(value)
        except ValueError:
            if needed or value:
                self.wrong(name, NO_DAY)
            return None


def local(micros: int) -> str:
    """µs UTC → what a field of date and time holds: `2026-11-24T08:00`."""
    return instants.to_datetime(micros).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def _short(least: int) -> Text:
    return Text(id=f"Paling sedikit {least} karakter", en=f"At least {least} characters")


def _long(most: int, length: int) -> Text:
    return Text(
        id=f"Paling banyak {most} karakter, sekarang {length}", en=f"At most {most} characters, now {length}"
    )
