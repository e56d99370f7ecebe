"""Daily site keys: how a device asks for one, and what it is answered; a JSON line each way, over mutual TLS.

With a day's key visitors become numbers that nobody can turn back without it. So a key lives in memory only,
on the device and at its holder, and no record of it prints what it is.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Final

import msgspec

from contracts.errors import Refused
from contracts.instants import DAY, HOUR, from_datetime, to_datetime
from contracts.topics import name

LONGEST: Final = 4_096  # bytes of one line
SIZE: Final = 32  # bytes of a key
_OFFSET: Final = 7 * HOUR  # Asia/Jakarta: no summer time since 1963, and devices may have no zone files
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_KNOWN: Final = 8  # ids in one question; a device has two
_ID: Final = re.compile(r"[0-9a-f]{16}")


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """What keys are there for my site? The certificate says whose that is."""

    known: tuple[str, ...] = ()  # ids of the keys that I have: they are not sent again


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One site's key of one day."""

    site: str
    day: str  # local date in Cirebon, `2026-11-30`
    id: str  # tells keys apart, and says nothing of the key: 16 hexadecimal digits
    secret: bytes = b""  # SIZE bytes; empty where the asker has it

    def __post_init__(self) -> None:
        name("site", self.site)
        bounds(self.day)
        key_id(self.id)
        if len(self.secret) not in (0, SIZE):
            raise Refused("secret", f"{len(self.secret)} bytes", f"{SIZE} bytes, or none")

    def __repr__(self) -> str:
        return f"Key(site={self.site!r}, day={self.day!r}, id={self.id!r})"


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="keys"):
    """Today's key, and around midnight the next day's too."""

    keys: tuple[Key, ...]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """No key."""

    reason: str  # a word: `unknown`, `disabled`, `kind`, `rate`, `malformed`
    text: str  # a sentence for whoever looks after the device
    after: float = 60.0  # seconds until it makes sense to ask again


_asks: Final = msgspec.json.Decoder(Ask)
_answers: Final = msgspec.json.Decoder(Answer | Refusal)


def day_of(instant: int) -> str:
    """Local date of an instant (µs UTC)."""
    return to_datetime(instant + _OFFSET).date().isoformat()


def bounds(day: str) -> tuple[int, int]:
    """First instant of a local date, and that of the next (µs UTC). Raises Refused."""
    try:
        if not _DATE.fullmatch(day):
            raise ValueError("not of the form 2026-11-30")
        first = from_datetime(datetime.combine(date.fromisoformat(day), time(), UTC)) - _OFFSET
    except ValueError as error:
        raise Refused("day", day, str(error)) from None
    return first, first + DAY


def key_id(text: str) -> str:
    """Return text if it may be the id of a key. Raises Refused."""
    if not _ID.fullmatch(text):
        raise Refused("key", text, "16 hexadecimal digits")
    return text


def encode(message: Ask | Answer | Refusal) -> bytes:
    """Message → JSON line with its end."""
    return msgspec.json.encode(message) + b"\n"


def decode_ask(line: bytes) -> Ask:
    """JSON line → question. Raises Refused."""
    try:
        ask = _asks.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused("ask", line[:120], str(error)) from None
    if len(ask.known) > _MOST_KNOWN:
        raise Refused("known", len(ask.known), f"at most {_MOST_KNOWN} ids")
    for known in ask.known:
        key_id(known)
    return ask


def decode_answer(line: bytes) -> Answer | Refusal:
    """JSON line → answer. Raises Refused, which shows nothing of the line: a key may be in it."""
    try:
        answer: Answer | Refusal = _answers.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise Refused("answer", f"{len(line)} bytes", "not an answer of a holder of site keys") from None
    return answer
