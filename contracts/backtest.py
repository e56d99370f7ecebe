"""A back-test: what a rule would have said over a span of the past. Who activates the rule has read it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts.errors import Refused
from contracts.instants import WEEK
from contracts.judgements import Severity, Text

LARGEST: Final = 1_000_000  # bytes of one report
VERSION: Final = 1
_LATEST: Final = 7_258_118_400_000_000  # µs UTC, 2200


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that the rule would have raised."""

    device: str
    part: str = ""  # metric and instance, where the rule judges each alone
    start: int  # µs UTC
    end: int | None = None  # µs UTC; None: it had not ended when the span did
    why: Text
    incident: str = ""  # number of a past incident at the same place and time


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long, of one device, series or day."""

    name: str
    lives: int
    seconds: float = 0.0  # in which it fired


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done. The same samples and rule give the same report, byte for byte."""

    version: int = VERSION
    rule: str
    rule_hash: str  # of the content that was tested
    content: dict[str, Any]  # the rule, as it then was
    title: Text
    severity: Severity
    source: str  # `store`, or the name of a file
    since: int  # µs UTC
    until: int
    samples: int = 0  # that were read for it
    series: int = 0
    devices: int = 0  # of which it heard
    judgements: int = 0  # that it made
    lives: int = 0
    unended: int = 0  # of these: still firing when the span ended
    seconds: float = 0.0  # in which at least one fired, summed over all
    median: float = 0.0  # seconds that one lasted
    longest: float = 0.0  # seconds
    hours: tuple[int, ...] = (0,) * 24  # lives by the hour in which they began, Asia/Jakarta
    days: tuple[Count, ...] = ()  # with any, in order: `2026-11-24`
    by_device: tuple[Count, ...] = ()  # those that would have told most
    noisiest: tuple[Count, ...] = ()  # series
    shown: tuple[Life, ...] = ()  # the first of them
    incidents: int = 0  # of the past that were opened in the span, where the rule's devices stand
    met: int = 0  # of these: while a life lasted, or just before it
    alone: int = 0  # lives that no incident goes with

    @property
    def hash(self) -> str:
        """32 hex digits of all of it."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:32]


_one: Final = msgspec.json.Decoder(Report)
_many: Final = msgspec.json.Decoder(list[Report])


def decode(payload: bytes) -> Report:
    """JSON → report. Raises Refused."""
    try:
        found = _one.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("report", payload[:120], str(error)) from None
    return _checked(found)


def read(path: Path) -> dict[str, Report]:
    """A file of reports, by the hash of the rule that each is of. Raises Refused."""
    try:
        if path.stat().st_size > 50 * LARGEST:
            raise Refused("report", path, "larger than any that `imm rules test` writes")
        found = _many.decode(path.read_bytes())
    except OSError as error:
        raise Refused("report", path, error.strerror or str(error)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("report", path, f"{error}: `imm rules test --report` writes one") from None
    return {one.rule_hash: _checked(one) for one in found}


def write(path: Path, reports: list[Report]) -> None:
    """A file that `read` reads, for people to look into too; whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(reports), indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(text + b"\n")
    draft.replace(path)


def _checked(found: Report) -> Report:
    """What types cannot say."""
    if found.version != VERSION:
        raise Refused("report.version", found.version, f"{VERSION}: test the rule again")
    if not 0 < found.since < found.until:
        raise Refused("report.since", found.since, "before its end")
    if found.until > _LATEST:
        raise Refused("report.until", found.until, "µs UTC, before the year 2200")
    if len(found.hours) != 24:
        raise Refused("report.hours", len(found.hours), "24 of them")
    for name, most in (("shown", 1_000), ("by_device", 1_000), ("noisiest", 1_000), ("days", 4_000)):
        if len(getattr(found, name)) > most:
            raise Refused(f"report.{name}", len(getattr(found, name)), f"at most {most}")
    for life in found.shown:
        if not found.since - WEEK <= life.start <= (life.end or _LATEST) <= _LATEST:
            raise Refused("report.shown", life.start, "within the report's span, and before its end")
    return found
