"""Which alerts tell the cause of others, as data: the others are quiet while it fires."""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.quiet import matchers
from alerts.quiet.matchers import Matcher, Op, hold, labels
from contracts.alerts import Alert, State


class Inhibition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """While an alert of `source` fires, those of `target` are quiet that have the same `equal` labels."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ("site",)

    def __post_init__(self) -> None:
        matchers.check(self.source, field="inhibitions.source")
        matchers.check(self.target, field="inhibitions.target")

    def causes(self, alert: Alert) -> bool:
        """Whether an alert of this kind tells a cause."""
        return hold(self.source, labels(alert))

    def hides(self, source: Alert, target: Alert) -> bool:
        """Whether a source that fires keeps this one quiet. What may be a cause itself is not hidden."""
        seen = labels(target)
        if not hold(self.target, seen) or hold(self.source, seen):
            return False
        cause = labels(source)
        return all(cause.get(name, "") == seen.get(name, "") for name in self.equal)


SHIPPED: Final = (
    # A site that is down hides the alerts of its devices.
    Inhibition(
        source=(Matcher(name="rule", value="presence"), Matcher(name="scope", value="site")),
        target=(Matcher(name="device", op=Op.UNEQUAL, value=""),),
    ),
)


def cause(rules: tuple[Inhibition, ...], sources: tuple[Alert, ...], target: Alert) -> str:
    """Id of an alert that tells the cause of another; empty: none does."""
    for source in sources:
        if source.id == target.id or source.state is not State.FIRING:
            continue
        for rule in rules:
            if rule.causes(source) and rule.hides(source, target):
                return source.id
    return ""


def named(rules: tuple[Inhibition, ...]) -> tuple[str, ...] | None:
    """Rules whose alerts may be a cause; None where it may be any."""
    found: set[str] = set()
    for rule in rules:
        names = {one.value for one in rule.source if one.name == "rule" and one.op is Op.EQUAL}
        if not names:
            return None
        found |= names
    return tuple(sorted(found))
