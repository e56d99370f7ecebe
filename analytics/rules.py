"""Rule files: YAML → contracts.rules, refused with file, line and reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from contracts import measurements
from contracts.measurements import Kind
from contracts.rules import Absence, HourOfWeek, Rule, Side, Threshold
from runtime import yamldoc


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
    if not isinstance(rule.test, Absence) and not rule.select.metrics:
        yield ".select", "metrics: name at least one, for a number means nothing without its metric"
    if not isinstance(rule.test, Absence):
        yield from _no_numbers(rule)
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


def _threshold_faults(rule: Rule, test: Threshold) -> Iterable[tuple[str, str]]:
    if test.side is Side.BOTH:
        yield ".test.side", "side: above or below; for both write two rules"
    beyond = test.clear is not None and (test.clear > test.limit) == (test.side is Side.ABOVE)
    if beyond and test.clear != test.limit:
        yield ".test.clear", f"clear: {test.clear:g} is on the wrong side of the limit {test.limit:g}"
    if test.hold < 0:
        yield ".test.hold", "hold: seconds, not negative"
    if test.hold and measurements.ALARM in rule.select.metrics:
        yield ".test.hold", "hold: a device tells an alarm once, so that nothing more comes while it lasts"
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
