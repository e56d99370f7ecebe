"""One entry of the trail, how it is checked, and its digest."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

from contracts.errors import Refused
from runtime.logs import clean

CITY: Final = "city"  # chain of what the city's officers may be shown
PROTECTED: Final = "protected"  # chain of need-to-know cases: opaque ids, and codes instead of words
CHAINS: Final = (CITY, PROTECTED)
LONGEST: Final = 300  # characters of `why`
_MOST_FIELDS: Final = 64
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_NAME: Final = re.compile(r"[^\s]{1,80}")
# What is surely personal in a reason that someone typed: mail addresses, 16 digits of a NIK, phone numbers.
_PERSONAL: Final = re.compile(
    r"[^\s@]+@[^\s@]+\.[^\s@]+"
    r"|(?<![\d-])(?:\d[ .-]?){15}\d(?!\d)"
    r"|(?<![\d-])(?:\+\d|0|62)(?:[ ().-]{0,2}\d){8,}"
)
_DOMAIN: Final = b"imm audit entry 1\n"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What someone did to one record. Never values of fields, never names of persons."""

    by: str  # id of the caller: a person's, an app's, `system`
    action: str  # in the past tense: `viewed`, `changed`, `role.given`
    kind: str  # of the record: `identity.person`
    record: str  # its id
    fields: tuple[str, ...] = ()  # names of the fields that were shown or changed
    why: str = ""  # for people; in the protected chain a code
    unit: str = ""  # id of the unit for which he acted
    request: str = ""  # id of the request, to find its lines in the log


class Kept(Entry, frozen=True, kw_only=True):
    """An entry as it lies in the trail."""

    id: int
    chain: str
    time: int  # µs UTC
    seal: int | None  # number of its seal; None until the next one


def checked(entry: Entry, chain: str) -> Entry:
    """The entry with its reason cleaned. Raises Refused."""
    for name in ("action", "kind"):
        _must(name, getattr(entry, name), _WORD, "one word: a–z, 0–9, `_`, `.`, `-`")
    for name in ("by", "record"):
        _must(name, getattr(entry, name), _NAME, "an id: 1 to 80 characters without spaces")
    for name in ("unit", "request"):
        if getattr(entry, name):
            _must(name, getattr(entry, name), _NAME, "an id: up to 80 characters without spaces")
    if len(entry.fields) > _MOST_FIELDS:
        raise Refused("fields", len(entry.fields), f"at most {_MOST_FIELDS}")
    for field in entry.fields:
        _must("fields", field, _WORD, "names of fields, never values")
    if chain == PROTECTED and entry.why:
        _must("why", entry.why, _WORD, "a code: words belong into the protected record itself")
    return msgspec.structs.replace(entry, why=clean(_PERSONAL.sub("…", entry.why.strip()), LONGEST))


def digest(entry: Kept) -> bytes:
    """SHA-256 of what an entry says; its id and its place are bound by the seal."""
    told: list[Any] = [
        entry.chain,
        entry.time,
        entry.by,
        entry.action,
        entry.kind,
        entry.record,
        entry.fields,
        entry.why,
        entry.unit,
        entry.request,
    ]
    return hashlib.sha256(_DOMAIN + msgspec.json.encode(told)).digest()


def _must(name: str, value: str, form: re.Pattern[str], reason: str) -> None:
    if not form.fullmatch(value) or not value.isprintable():
        raise Refused(name, value, reason)
