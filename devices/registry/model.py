"""A device as the city plans it and as the registry knows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from city.identity.fields import line
from contracts import roster
from contracts.errors import Refused
from contracts.roster import Window
from contracts.topics import Kind, name

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_BASE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]{0,199}")  # RFC 8428 4.5.1
_PHONE: Final = re.compile(r"[0-9+() .-]{3,40}")
_MOST: Final = 32  # entries of labels, hardware, versions
_MOST_NAMES: Final = 16
MOST_WINDOWS: Final = 50
_VALUE: Final = 200  # characters


class State(StrEnum):
    """Where a device is in its life."""

    PLANNED = "planned"  # known, not yet let in
    ENROLLED = "enrolled"  # it has credentials, and its word counts
    DISABLED = "disabled"  # shut out for now: stolen, cloned, under repair
    RETIRED = "retired"  # gone for good; its id is never given again


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for a device: a person's data, so it lies sealed and is shown to who manages devices."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.email)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What people decide of a device."""

    device: str
    kind: Kind
    site: str
    title: str = ""  # for people: `Kiosk gerbang timur`
    longitude: float | None = None  # degrees, WGS 84
    latitude: float | None = None
    floor: str = ""
    operator: str = ""  # Indosat, Telkomsel, city
    unit: str = ""  # id of the unit whose engineers look after it; empty: the whole city's
    contract: str = ""  # of repair: number, firm, hours
    labels: dict[str, str] = {}
    names: tuple[str, ...] = ()  # SenML base names besides our own under which it may speak
    maintenance: tuple[Window, ...] = ()


class Device(Plan, frozen=True, kw_only=True):
    """A device as the registry knows it."""

    state: State
    reason: str = ""  # why it is disabled or retired
    hardware: dict[str, str] = {}  # as it said itself when it was enrolled: model, serial, memory
    versions: dict[str, str] = {}  # likewise: agent, python, system
    revision: int = 1
    created: int = 0  # µs UTC
    updated: int = 0  # µs UTC
    enrolled: int | None = None  # µs UTC, the last time

    def entry(self) -> roster.Entry:
        """What others are told of it."""
        fields = {field: getattr(self, field) for field in roster.Entry.__struct_fields__}
        return roster.Entry(**fields)


def checked(plan: Plan) -> Plan:
    """The plan as it is kept. Raises Refused."""
    name("device", plan.device)
    name("site", plan.site)
    if plan.kind == Kind.CITY:
        raise Refused("kind", plan.kind, "the platform's own: a device is kiosk, wifi, cctv or sensor")
    if plan.unit:
        name("unit", plan.unit)
    _place(plan)
    if len(plan.names) > _MOST_NAMES:
        raise Refused("names", len(plan.names), f"at most {_MOST_NAMES}")
    for base in plan.names:
        if not _BASE.fullmatch(base):
            raise Refused("names", base, "a SenML base name: letters, digits and - : . / _")
    return msgspec.structs.replace(
        plan,
        title=line("title", plan.title, empty=True),
        floor=line("floor", plan.floor, most=40, empty=True),
        operator=line("operator", plan.operator, most=60, empty=True),
        contract=line("contract", plan.contract, most=_VALUE, empty=True),
        labels=words("labels", plan.labels),
        names=tuple(dict.fromkeys(plan.names)),
        maintenance=_windows(plan.maintenance),
    )


def reached(contact: Contact) -> Contact:
    """The contact as it is kept. Raises Refused, without its value."""
    if contact.phone and not _PHONE.fullmatch(contact.phone):
        raise Refused("contact.phone", "(not shown)", "digits, with + - ( ) and spaces between them")
    if contact.email and ("@" not in contact.email or len(contact.email) > 120 or " " in contact.email):
        raise Refused("contact.email", "(not shown)", "no e-mail address")
    return msgspec.structs.replace(contact, name=line("contact.name", contact.name, most=80, empty=True))


def words(field: str, found: Mapping[str, str]) -> dict[str, str]:
    """A bounded set of words by name, in order. Raises Refused."""
    if len(found) > _MOST:
        raise Refused(field, len(found), f"at most {_MOST}")
    for key in found:
        if not _KEY.fullmatch(key):
            raise Refused(field, key, "a name is 1 to 64 of a-z, 0-9, `_`, `.`, `-`")
    return {key: line(field, found[key], most=_VALUE, empty=True) for key in sorted(found)}


def _place(plan: Plan) -> None:
    if (plan.longitude is None) != (plan.latitude is None):
        raise Refused("longitude", plan.longitude, "longitude and latitude go together")
    for field, value, most in (("longitude", plan.longitude, 180.0), ("latitude", plan.latitude, 90.0)):
        if value is not None and not -most <= value <= most:
            raise Refused(field, value, f"degrees, -{most:g} to {most:g}")


def _windows(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    if len(windows) > MOST_WINDOWS:
        raise Refused("maintenance", len(windows), f"at most {MOST_WINDOWS}")
    found = []
    for window in sorted(windows, key=lambda one: one.start):
        if not 0 <= window.start < window.end < 2**62:
            raise Refused("maintenance", f"{window.start} to {window.end}", "it must end after its start")
        reason = line("maintenance.reason", window.reason, most=_VALUE, empty=True)
        found.append(msgspec.structs.replace(window, reason=reason))
    return tuple(found)
