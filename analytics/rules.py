"""Rule files: YAML → contracts.rules, refused with file, line and reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from analytics.errors import Wrong
from contracts import measurements
from contracts.measurements import Kind
from contracts.rules import Absence, HourOfWeek, Rule, Side, Threshold

_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")

_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")


def load(paths: Iterable[Path]) -> list[Rule]:
    """The enabled rules of all files, in order. Raises Wrong at the first thing that is wrong."""
    rules: list[Rule] = []
    seen: dict[str, Path] = {}
    for path in paths:
        for rule, line in _rules(path):
            if rule.id in seen:
                raise Wrong(path, line, f"id: {rule.id} is already in {seen[rule.id]}")
            seen[rule.id] = path
            if rule.enabled:
                rules.append(rule)
    return rules


def _rules(path: Path) -> list[tuple[Rule, int]]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise Wrong(path, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Wrong(path, 1, f"not UTF-8: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error) from None
    if root is None:
        return []
    if not isinstance(root, yaml.SequenceNode):
        raise Wrong(path, _line(root), "a rule file is a list of rules")
    return [(_rule(path, node), _line(node)) for node in root.value]


def _rule(path: Path, node: yaml.Node) -> Rule:
    _check_keys(path, node)
    try:
        rule = msgspec.convert(_plain(node), Rule)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error) from None
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        unknown = _UNKNOWN.search(reason)
        place = where.rstrip("`") + (f".{unknown[1]}" if unknown else "")
        raise Wrong(path, _line_at(node, place), reason) from None
    for place, reason in _faults(rule):
        raise Wrong(path, _line_at(node, place), reason)
    return rule


def _not_yaml(path: Path, error: yaml.MarkedYAMLError) -> Wrong:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return Wrong(path, line, f"not YAML: {error.problem}")


def _plain(node: yaml.Node) -> Any:
    """What the node holds, as plain Python values."""
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_keys(path: Path, node: yaml.Node) -> None:
    """Refuse a key given twice: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise Wrong(path, _line(key), f"{key.value}: given twice")
            seen.add(key.value)
            _check_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(path, value)


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


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _line_at(node: yaml.Node, place: str) -> int:
    """Line of the deepest part of a path such as `.test.limit` that is in the file."""
    line = _line(node)
    for field, index in _STEP.findall(place):
        below = None
        if field and isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == field:
                    line, below = _line(key), value
        elif index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            below = node.value[int(index)]
            line = _line(below)
        if below is None:
            break
        node = below
    return line
