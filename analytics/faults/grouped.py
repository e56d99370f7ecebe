"""Faults of rules over groups of devices."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import UNSET

from analytics import cel
from analytics.faults.windowing import LATEST, steps
from contracts.rules import Absence, Input, Of, Quorum, Rule, Side, Together

_LABEL: Final = re.compile(r"[a-z][a-z0-9_.-]{0,62}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_MOST_INPUTS: Final = 12


def groups(rule: Rule) -> Iterable[tuple[str, str]]:
    """Of quorum, together and absence by group; nothing of others."""
    match rule.test:
        case Absence(by=by) if by is not UNSET:
            yield from _by(by)
            if len(rule.select.metrics) > 0 and rule.select.instance is not None:
                yield ".select.instance", "instance: a group is silent as a whole, so leave it out"
        case Quorum() as test:
            yield from _by(test.by)
            yield from steps(".test", "over", test.over, test.step)
            yield from _quorum(test)
            yield from _times(test.lateness, test.hold)
        case Together() as test:
            yield from _by(test.by)
            yield from _times(test.lateness, test.hold)
            yield from _together(rule, test)


def _quorum(test: Quorum) -> Iterable[tuple[str, str]]:
    if test.side is Side.BOTH:
        yield ".test.side", "side: above or below; for both write two rules"
    if test.least < 1 or not 0 <= test.share <= 1:
        yield ".test.least", "least: 1 device or more; share: 0 to 1"
    if test.heard < test.least:
        yield ".test.heard", f"heard: at least the {test.least} devices that are wanted"


def _together(rule: Rule, test: Together) -> Iterable[tuple[str, str]]:
    if rule.select.metrics:
        yield ".select.metrics", "metrics: they belong to the inputs"
    if not 1 <= len(test.inputs) <= _MOST_INPUTS:
        yield ".test.inputs", f"inputs: one to {_MOST_INPUTS}"
    for name, asked in test.inputs.items():
        yield from _input(f".test.inputs.{name}", name, asked, test.step)
    try:
        cel.compiled(test.when, test.inputs)
    except cel.Refused as error:
        yield ".test.when", f"when: {error}"


def _input(at: str, name: str, asked: Input, step: float) -> Iterable[tuple[str, str]]:
    if not _NAME.fullmatch(name):
        yield at, f"inputs: {name[:40]} is no name, write a to z, 0 to 9 and _"
    if not asked.select.metrics:
        yield f"{at}.select", "metrics: name at least one, for a number means nothing without its metric"
    if asked.of is Of.LENGTH:
        yield f"{at}.of", "of: length is for sessions"
    yield from steps(at, "over", asked.over, step)


def _times(lateness: float, hold: float) -> Iterable[tuple[str, str]]:
    if not 0 <= lateness <= LATEST:
        yield ".test.lateness", f"lateness: seconds, 0 to {LATEST:g}"
    if hold < 0:
        yield ".test.hold", "hold: seconds, not negative"


def _by(by: str) -> Iterable[tuple[str, str]]:
    if not _LABEL.fullmatch(by):
        yield ".test.by", f"by: {by[:40]!r} is neither `site` nor a label of the roster"
