"""A judgement: what a rule says of a series at an instant. It has no life of its own; alerts give it one."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

from contracts.errors import Refused


class Verdict(StrEnum):
    """What changed."""

    RAISED = "raised"
    UPDATED = "updated"
    CLEARED = "cleared"


class Severity(StrEnum):
    """Severity as in CAP 1.2, worst first."""

    EXTREME = "extreme"
    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence for people, Indonesian first."""

    id: str
    en: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why: what was seen, over which window, and what was expected."""

    metric: str = ""
    instance: str = ""
    unit: str = ""
    start: int = 0  # µs UTC, window
    end: int = 0
    value: float | None = None
    expected: float | None = None  # threshold, or the baseline's middle
    low: float | None = None  # of what would have been normal
    high: float | None = None
    why: Text = Text(id="", en="")
    frame: str = ""  # SHA-256 of a frame, where there is one


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's verdict on one fingerprint."""

    id: str  # deterministic: the same finding evaluated twice has the same id
    producer: str
    verdict: Verdict
    rule: str
    rule_hash: str  # of the rule's content
    fingerprint: str  # rule + identity labels
    site: str
    device: str = ""
    labels: dict[str, str]
    severity: Severity
    title: Text
    time: int  # µs UTC of the sample that decided
    judged: int  # µs UTC when it was judged
    evidence: Evidence
    incident: bool = True  # whether an alert of it opens an incident; the rule says so
    probe: bool = False


_decoder: Final = msgspec.json.Decoder(Judgement)


def fingerprint(rule: str, labels: dict[str, str]) -> str:
    """32 hex digits that name one alert of one rule: rule + identity labels."""
    text = "\0".join([rule, *(f"{key}\1{labels[key]}" for key in sorted(labels))])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def identity(fingerprint: str, rule_hash: str, verdict: Verdict, time: int) -> str:
    """32 hex digits: the id of a judgement, the same each time the same finding is evaluated."""
    return hashlib.sha256(f"{fingerprint}\0{rule_hash}\0{verdict}\0{time}".encode()).hexdigest()[:32]


def encode(judgement: Judgement) -> bytes:
    """Judgement → JSON."""
    return msgspec.json.encode(judgement)


def decode(payload: bytes) -> Judgement:
    """JSON → judgement. Raises Refused."""
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("judgement", payload[:120], str(error)) from None
