"""A simple rule of one device: a limit that a reading passes for some time, until it is well back."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from contracts.judgements import Severity

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. It holds from `above` or `below` on, or while a flag `equals`; every instance for itself."""

    name: str  # what happened, as dotted words: `temperature.high`; the alarm's name at the centre
    metric: str
    instance: str = ""  # only this part of the device; empty: each
    above: float | None = None
    below: float | None = None
    equals: bool | None = None
    back: float = 0.0  # so far on the good side of the limit it must be to be over
    for_s: float = 60.0  # seconds that it must hold before it is an alert
    severity: Severity = Severity.MODERATE
    text: str = ""  # for the people beside the device

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name}: 1 to 64 of a-z, 0-9, dots and hyphens")
        if sum(limit is not None for limit in (self.above, self.below, self.equals)) != 1:
            raise ValueError(f"{self.name}: exactly one of above, below, equals")
        if not 0 <= self.for_s <= 86_400 or self.back < 0:
            raise ValueError(f"{self.name}: for_s 0 to 86400, back not negative")

    def bad(self, value: float | str | bool, *, active: bool) -> bool:  # noqa: FBT001 - a reading's value
        """Whether a value breaks the rule; one that is broken already takes more to be well again."""
        if self.equals is not None:
            return bool(value) is self.equals
        if isinstance(value, str):
            return False
        slack = self.back if active else 0.0
        if self.above is not None:
            return value > self.above - slack
        return self.below is not None and value < self.below + slack


# What every device of ours watches by itself; a table [[alerts]] of the same name takes a rule's place.
USUAL: Final = (
    Rule(
        name="temperature.high",
        metric="temperature",
        above=85.0,
        back=5.0,
        severity=Severity.SEVERE,
        text="Perangkat terlalu panas / the device is too hot",
    ),
    Rule(
        name="disk.full",
        metric="disk.utilization",
        above=0.95,
        back=0.03,
        text="Disk hampir penuh / the disk is nearly full",
    ),
    Rule(
        name="power.battery",
        metric="power.on-battery",
        equals=True,
        for_s=10.0,
        severity=Severity.SEVERE,
        text="Listrik padam, berjalan dengan baterai / mains are off, running on battery",
    ),
    Rule(
        name="door.open",
        metric="door.open",
        equals=True,
        for_s=0.0,
        severity=Severity.SEVERE,
        text="Pintu perangkat terbuka / the device's door is open",
    ),
    Rule(
        name="player.down",
        metric="player.up",
        equals=False,
        for_s=30.0,
        text="Pemutar layar berhenti / the screen's player has stopped",
    ),
)


def merged(own: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The usual rules, those of the same name replaced by a device's own, and its others."""
    named = {rule.name: rule for rule in (*USUAL, *own)}
    return tuple(named.values())
