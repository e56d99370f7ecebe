"""Rule files: YAML → contracts.rules, refused with file, line and reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import UNSET

from analytics import calendar
from analytics.faults import grouped, windowing
from contracts import measurements
from contracts.measurements import Kind
from contracts.rules import (
    Absence,
    HourOfWeek,
    Of,
    Rule,
    Side,
    Threshold,
    Together,
)
from runtime import yamldoc

RESERVED: Final = {"site", "kind", "device", "metric", "instance", "probe", "group"}


def load(paths: Iterable[Path]) -> list[Rule]:
    """The enabled rules of all files, in order. Raises yamldoc.Wrong at the first thing that is wrong."""
    rules: list[Rule] = []
    seen: dict[str, Path] = {}
    for path in paths:
        for rule, part in yamldoc.records(path, Rule):
            for place, reason in _faults(rule):
                raise part.wrong(place, reason)
            if rule.id in seen:
                raise part.wrong("", f"id: {rule.id} is already in {seen[rule.id]}")
            seen[rule.id] = path
            if rule.enabled:
                rules.append(rule)
    return rules


def _faults(rule: Rule) -> Iterable[tuple[str, str]]:
    """Place and reason of what types cannot say."""
    if not isinstance(rule.test, Absence | Together) and not rule.select.metrics:
        yield ".select", "metrics: name at least one, for a number means nothing without its metric"
    if not isinstance(rule.test, Absence):
        yield from _no_numbers(rule)
    yield from _common_faults(rule)
    yield from windowing.tests(rule.test)
    yield from grouped.groups(rule)
    match rule.test:
        case Threshold() as test:
            yield from _threshold_faults(rule, test)
        case Absence(silence=silence):
            if silence <= 0:
                yield ".test.silence", "silence: seconds, more than none"
        case HourOfWeek() as test:
            if not 1 <= test.least_weeks <= test.weeks <= 52:
                yield ".test", "weeks: 1 to 52, and least_weeks from 1 to weeks"
            if test.factor <= 0 or test.least < 0 or test.hold < 0:
                yield ".test", "factor: more than 0; least and hold: not negative"


def _common_faults(rule: Rule) -> Iterable[tuple[str, str]]:
    if rule.window is not UNSET:
        yield from windowing.window(rule, rule.window)
    if rule.clears_after is not UNSET and isinstance(rule.test, Absence):
        yield ".clears_after", "clears_after: absence is over with the next sample"
    if rule.clears_after is not UNSET and rule.clears_after < 0:
        yield ".clears_after", "clears_after: seconds, not negative"
    if rule.active is not UNSET:
        yield from calendar.faults(rule.active)
    if rule.link is not UNSET and not rule.link.startswith("https://"):
        yield ".link", f"link: {rule.link[:80]} is no https address"
    if rule.maintenance is not UNSET and isinstance(rule.test, Absence):
        yield ".maintenance", "maintenance: absence never misses what is under maintenance"
    for label in rule.labels or () if rule.labels is not UNSET else ():
        if label in RESERVED:
            yield f".labels.{label}", f"labels: {label} tells alerts apart and is given by the series"


def _threshold_faults(rule: Rule, test: Threshold) -> Iterable[tuple[str, str]]:
    if test.side is Side.BOTH:
        yield ".test.side", "side: above or below; for both write two rules"
    if windowing.wrong_side(test):
        yield ".test.clear", f"clear: {test.clear:g} is on the wrong side of the limit {test.limit:g}"
    if test.hold < 0:
        yield ".test.hold", "hold: seconds, not negative"
    if test.hold and measurements.ALARM in rule.select.metrics:
        yield ".test.hold", "hold: a device tells an alarm once, so that nothing more comes while it lasts"
    if rule.window is UNSET or rule.window.of not in {Of.COUNT, Of.LENGTH, Of.SUM, Of.RANGE}:
        yield from _out_of_range(rule, test.limit)


def _no_numbers(rule: Rule) -> Iterable[tuple[str, str]]:
    for metric in rule.select.metrics:
        entry = measurements.find(metric)
        if entry is not None and entry.kind is Kind.TEXT and metric != measurements.ALARM:
            yield ".select.metrics", f"metrics: {metric} is text, which only absence can judge"
        if entry is not None and entry.kind is Kind.SKETCH:
            yield ".select.metrics", f"metrics: {metric} is shown to nobody"


def _out_of_range(rule: Rule, limit: float) -> Iterable[tuple[str, str]]:
    for metric in rule.select.metrics:
        entry = measurements.find(metric)
        if entry is None:
            continue
        if not entry.numeric:  # a flag or an alarm: 0 or 1
            if not 0 <= limit <= 1:
                yield ".test.limit", f"limit: {limit:g} is never reached, {metric} is 0 or 1"
            continue
        low = float("-inf") if entry.low is None else entry.low
        high = float("inf") if entry.high is None else entry.high
        if not low <= limit <= high:
            yield (
                ".test.limit",
                f"limit: {limit:g} is never reached, {metric} is {low:g} to {high:g} {entry.unit}".rstrip(),
            )
