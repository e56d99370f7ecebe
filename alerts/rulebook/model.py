"""A rule as the book and the folder have it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from contracts.backtest import Report
from contracts.judgements import Severity, Text, Verdict
from contracts.rules import Rule


class State(StrEnum):
    """Whether a rule acts, and if not, why."""

    ACTIVE = "active"  # it raises alerts
    TRIAL = "trial"  # what it says is kept, and nobody is told
    CHANGED = "changed"  # on trial again: its file has another content than the one that was activated
    GONE = "gone"  # no file has it any more


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided of a rule."""

    rule: str
    revision: int
    state: State  # active or trial
    rule_hash: str
    report: str
    by: str
    by_name: str
    why: str
    changed: int  # µs UTC


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule said while it was on trial."""

    rule_hash: str
    site: str
    device: str
    verdict: Verdict
    why: Text
    time: int  # µs UTC


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, whether it acts, and what differs between its file and the book."""

    rule: str
    title: Text
    severity: Severity | None  # None: no file has it
    state: State
    revision: int  # of the book; 0: nobody has decided anything
    rule_hash: str  # of the file's content; empty: no file has it
    active_hash: str = ""  # of the content that was activated last
    report: str = ""  # hash of the newest report of the file's content; empty: it was never tried
    by: str = ""  # name of who decided last; empty: the platform itself
    why: str = ""
    changed: int | None = None  # µs UTC
    said: int = 0  # what it said on trial, and is kept


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One rule with all that is known of it."""

    listed: Listed
    content: Rule | None  # as its file has it
    backtest: Report | None  # newest of this content
    findings: list[Finding]  # newest first


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The rule files as they are now."""

    rules: tuple[Rule, ...] = ()
    trouble: str = ""  # why they cannot be read; the rules of before go on

    def get(self, rule: str) -> Rule | None:
        """One of them."""
        return next((one for one in self.rules if one.id == rule), None)
