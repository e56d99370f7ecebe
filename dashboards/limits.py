"""Limits drawn on boards: those of the rule file, so that board and alert say the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import common as settings
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.models.common import GraphThresholdsStyleMode
from grafana_foundation_sdk.models.dashboard import Threshold as Step
from grafana_foundation_sdk.models.dashboard import ThresholdsMode

from contracts.judgements import Severity
from contracts.rules import Rule, Side, Threshold
from contracts.topics import Kind
from dashboards.errors import Wrong
from runtime import yamldoc

WELL: Final = "#3f9c7b"
NEAR: Final = "#d5a021"  # beyond where a firing alert would clear, not yet where it starts
COLOURS: Final = {
    Severity.EXTREME: "#c2187a",
    Severity.SEVERE: "#d9591f",
    Severity.MODERATE: "#b8860b",
    Severity.MINOR: "#3d84c6",
}


def load(path: Path) -> list[Rule]:
    """Enabled rules of a file; `imm doctor` says more of what is wrong. Raises Wrong."""
    try:
        return [rule for rule, _ in yamldoc.records(path, Rule) if rule.enabled]
    except yamldoc.Wrong as error:
        raise Wrong(path, f"line {error.line}: {error.reason}") from None


def find(rules: Sequence[Rule], kind: Kind, metric: str) -> Rule | None:
    """The rule that watches a metric of a kind of device by a threshold; None where there is none."""
    for rule in rules:
        kinds = (None, kind)
        if isinstance(rule.test, Threshold) and metric in rule.select.metrics and rule.select.kind in kinds:
            return rule
    return None


def steps(rule: Rule | None) -> board.ThresholdsConfig:
    """Colours from the lowest value up."""
    return board.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(_steps(rule))


def drawn(rule: Rule | None) -> settings.GraphThresholdsStyleConfig:
    """Dashed lines where there is a limit."""
    mode = GraphThresholdsStyleMode.DASHED if rule else GraphThresholdsStyleMode.OFF
    return settings.GraphThresholdsStyleConfig().mode(mode)


def _steps(rule: Rule | None) -> list[Step]:
    if rule is None or not isinstance(rule.test, Threshold):
        return [Step(color=WELL)]
    wrong, test = COLOURS[rule.severity], rule.test
    near = test.clear if test.clear is not None and test.clear != test.limit else None
    if test.side is Side.ABOVE:
        middle = [Step(value=near, color=NEAR)] if near is not None else []
        return [Step(color=WELL), *middle, Step(value=test.limit, color=wrong)]
    middle = [Step(value=test.limit, color=NEAR)] if near is not None else []
    return [Step(color=wrong), *middle, Step(value=test.limit if near is None else near, color=WELL)]
