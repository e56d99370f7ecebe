"""A group of alerts: how they are grouped, as data, and how a group stands."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

from alerts.quiet import matchers
from alerts.quiet.matchers import Matcher, hold, labels
from contracts.alerts import Alert
from contracts.errors import Refused
from contracts.judgements import Severity

WORST_FIRST: Final = tuple(Severity)
_MOST: Final = 10  # labels by which alerts are grouped


class Grouping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts that `match` and have the same values of the labels `by` are one group."""

    name: str
    by: tuple[str, ...]  # labels, or site, device, rule, severity
    match: tuple[Matcher, ...] = ()  # which alerts; all where empty

    def __post_init__(self) -> None:
        if not self.by or len(self.by) > _MOST:
            raise Refused("groupings.by", len(self.by), f"1 to {_MOST} labels")
        if self.match:
            matchers.check(self.match, field="groupings.match")


SHIPPED: Final = (Grouping(name="site-rule", by=("site", "rule")),)


class Storm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many alerts of a group people are told of one by one; beyond, of the group alone."""

    most: int = 25  # in a span, unless one is worse than all that were told; 0: never
    span: float = 60.0  # seconds


class State(StrEnum):
    """Where a group stands."""

    OPEN = "open"
    CLOSED = "closed"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One life of a group, from its first alert until none fires any more."""

    id: str
    revision: int
    grouping: str  # name of the rule that made it
    labels: dict[str, str]  # what its alerts have in common
    site: str  # empty where they may be of several
    rule: str
    state: State
    severity: Severity  # the worst that fires; of what is closed the worst there was
    count: int  # alerts that belonged to it
    firing: int
    held: int  # of those that fire, nobody is told just now
    told: int  # alerts of which people were told one by one
    first: int  # µs UTC when its first alert began to fire
    last: int  # µs UTC of the newest change
    closed: int | None = None
    acknowledged_by: str = ""
    acknowledged: int | None = None  # µs UTC; None again when it becomes worse than it was then
    note: str = ""  # of who acknowledged


def grouping(rules: tuple[Grouping, ...], alert: Alert) -> Grouping:
    """The first rule that matches; without one an alert is a group of its own."""
    seen = labels(alert)
    return next((rule for rule in rules if hold(rule.match, seen)), _ALONE)


def common(rule: Grouping, alert: Alert) -> dict[str, str]:
    """What the alerts of a group have in common."""
    if rule is _ALONE:
        return {"alert": alert.fingerprint}
    seen = labels(alert)
    return {name: seen.get(name, "") for name in rule.by}


def key(rule: Grouping, values: dict[str, str]) -> str:
    """32 hex digits: the same for alerts that belong together."""
    text = "\0".join([rule.name, *(f"{name}\1{values[name]}" for name in sorted(values))])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


_ALONE: Final = Grouping(name="alone", by=("alert",))
