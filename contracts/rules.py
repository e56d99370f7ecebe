"""Rules as files: what analytics evaluates. One YAML document, a list of rules."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from contracts.judgements import Severity, Text
from contracts.series import Selector
from contracts.topics import name


class Side(StrEnum):
    """On which side of the limit a value is wrong."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class Threshold(msgspec.Struct, frozen=True, kw_only=True, tag="threshold", forbid_unknown_fields=True):
    """A value beyond a limit for as long as `hold`; it clears beyond `clear` (hysteresis)."""

    side: Side = Side.ABOVE
    limit: float
    clear: float | None = None  # value at which it is well again; the limit itself where not given
    hold: float = 0.0  # seconds a value must stay wrong before it is raised, and well before it is cleared


class Absence(msgspec.Struct, frozen=True, kw_only=True, tag="absence", forbid_unknown_fields=True):
    """No sample for longer than `silence`; cleared by the next. Devices reported offline are skipped."""

    silence: float  # seconds


class HourOfWeek(msgspec.Struct, frozen=True, kw_only=True, tag="hour_of_week", forbid_unknown_fields=True):
    """A value far from what this hour of the week (Asia/Jakarta) brings: median ± factor x robust spread."""

    side: Side = Side.BOTH
    weeks: int = 4  # of history the baseline is learnt from
    least_weeks: int = 2  # fewer samples in the hour than this: no verdict
    factor: float = 4.0  # robust standard deviations (1.4826 x median absolute deviation)
    least: float = 0.0  # absolute difference below which nothing is raised, in the metric's unit
    hold: float = 0.0  # seconds


Test = Threshold | Absence | HourOfWeek


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: which series it watches, by which test, and what it says."""

    id: str
    title: Text
    severity: Severity
    select: Selector
    test: Test
    incident: bool = True  # whether a firing alert opens an incident
    runbook: Text = Text(id="", en="")
    enabled: bool = True

    def __post_init__(self) -> None:
        name("rule", self.id)

    @property
    def hash(self) -> str:
        """16 hex digits of the content: which version of the rule judged."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]
