"""Cursors: opaque to clients, a JSON array to us; and instants as clients may write them."""

from __future__ import annotations

import base64
import binascii
from typing import Final, TypeVar

import msgspec

from contracts import instants
from contracts.errors import Refused

T = TypeVar("T")
_DIGITS: Final = 18  # enough for any year that a calendar knows, and within 64 bits


def cursor(*parts: str | int) -> str:
    """Place in a list → text that is safe in an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode()


def place(text: str, kind: type[T]) -> T:
    """Inverse of cursor; `kind` is the tuple type of its parts. Raises Refused."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise Refused("cursor", text, "take it from `next` of the page before, unchanged") from None


def instant(field: str, text: str) -> int:
    """RFC 3339 with an offset, or µs since 1970 → µs UTC. Raises Refused."""
    digits = text.removeprefix("-")
    if digits.isdecimal() and digits.isascii() and len(digits) <= _DIGITS:
        return int(text)
    try:
        return instants.from_rfc3339(
            text.replace(" ", "+") if "T" in text else text
        )  # `+` unescaped in an address
    except (ValueError, OverflowError):
        raise Refused(
            field, text, "RFC 3339 with an offset (2026-11-24T08:00:00+07:00), or µs since 1970"
        ) from None
