"""A request with its key, its answer, and the claim on doing it."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from contracts.errors import Refused

_KEY: Final = re.compile(r'"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,200})"|([!#-+.-~-]{1,200})')


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one request from another."""

    caller: str  # id of whoever asks: two callers may use the same key
    key: str  # as `parse` gives it
    method: str
    target: str  # path and query
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered, the first time and every time after."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    again: bool = False  # whether it was kept from the first time


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to do what a request asks for, until another may take it over."""

    id: str
    token: str  # tells this claim from a later one on the same request


def parse(text: str) -> str:
    """Header `Idempotency-Key` → key: a quoted string, as the draft has it, or bare. Raises Refused."""
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise Refused("Idempotency-Key", text, "1 to 200 printable characters, best a UUID in quotes")
    return found[1] or found[2]
