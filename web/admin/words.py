"""Names that the pages of administration show, and what they say of a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from city.errors import Outdated
from city.identity import grants
from city.identity.caller import EVERYWHERE, Caller
from city.identity.errors import NotNow, Stale, Taken, Unknown
from city.identity.model import Given, Unit
from city.identity.roles import ANONYMOUS, CITIZEN, STAFF
from city.identity.wiring import Identity
from contracts import instants
from contracts.errors import Refused
from contracts.judgements import Text
from web import forms
from web.language import Language

HELD: Final = {ANONYMOUS, CITIZEN, STAFF}  # without a grant
WHOLE: Final = Text(id="Seluruh kota", en="Whole city")
_TAKEN: Final = Text(id="Sudah dipakai: pilih yang lain", en="Somebody else has it: choose another")
_STALE: Final = Text(
    id="Ini sudah berubah sejak Anda membukanya. Periksa keadaannya, lalu kirim lagi.",
    en="This has changed since you opened it. Look at its state, then send again.",
)
Option = tuple[str, str]  # of a field: what is sent, and how it reads
Refusal = (Refused, Taken, NotNow, Stale, Unknown)  # what a form can say at its field


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody has, in words."""

    grant: Given
    title: Text
    unit: str  # its name; empty: the whole city
    mine: bool  # the caller may take it away


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A unit and how deep it lies."""

    unit: Unit
    depth: int


def refused(form: forms.Form, error: Exception, said: Mapping[str, str] = {}) -> forms.Form:
    """The form with what a service refused: at its field, or above where it has no such field.

    `said`: field → what is told in Indonesian; the service's own words are English.
    """
    name = getattr(error, "field", "")
    reason = str(getattr(error, "reason", error))
    text = {Taken: _TAKEN, Stale: _STALE, Outdated: _STALE}.get(type(error)) or Text(
        id=said.get(name, reason), en=reason
    )
    return form.but(name if name in form.values else "", text)


def names(identity: Identity) -> dict[str, str]:
    """Unit → its name."""
    return {unit.id: unit.name for unit in identity.units.list(retired=True)}


def units(identity: Identity, caller: Caller, permission: str, speaks: Language) -> list[Option]:
    """Units for which the caller may, for a field; the whole city where he may that."""
    found = [(unit.id, unit.name) for unit in identity.units.list() if caller.may(permission, unit=unit.id)]
    everywhere = (EVERYWHERE, _said(WHOLE, speaks))
    return [everywhere, *found] if caller.may(permission, unit=EVERYWHERE) else found


def roles(identity: Identity, speaks: Language) -> list[Option]:
    """Roles that can be given, for a field."""
    return [
        (f"{role.programme}/{role.name}", f"{_said(role.title, speaks)} ({role.programme})")
        for role in identity.catalogue.list()
        if role.name not in HELD
    ]


def held(identity: Identity, caller: Caller, given: Iterable[Given]) -> list[Held]:
    """Roles of somebody in words; one that no package brings any more by its name."""
    known = {(role.programme, role.name): role.title for role in identity.catalogue.list()}
    places = names(identity)
    return [
        Held(
            grant=one,
            title=known.get((one.programme, one.role)) or both(one.role),
            unit=places.get(one.unit, one.unit),
            mine=caller.may(grants.MANAGE, unit=one.unit),
        )
        for one in given
    ]


def tree(found: Sequence[Unit]) -> list[Branch]:
    """Units in the order of the tree, by name within each."""
    below: dict[str, list[Unit]] = {}
    known = {unit.id for unit in found}
    for unit in found:
        below.setdefault(unit.parent if unit.parent in known else "", []).append(unit)
    rows: list[Branch] = []
    waiting = [(unit, 0) for unit in reversed(below.get("", []))]
    while waiting:
        unit, depth = waiting.pop()
        rows.append(Branch(unit=unit, depth=depth))
        waiting += [(one, depth + 1) for one in reversed(below.get(unit.id, []))]
    return rows


def midnight(day: date, *, days: int = 0) -> int:
    """µs UTC at which a day begins here, or one so many days later."""
    return instants.from_datetime(datetime.combine(day + timedelta(days=days), time(), forms.ZONE))


def both(text: str) -> Text:
    """A name, which is the same in both languages."""
    return Text(id=text, en=text)


def _said(text: Text, speaks: Language) -> str:
    return text.id if speaks is Language.INDONESIAN else text.en
