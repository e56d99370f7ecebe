"""Which alerts are meant: each matcher compares one label, and all of them must hold.

Patterns are RE2's: their time grows with the text alone, whatever somebody writes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from contracts.alerts import Alert
from contracts.errors import Refused

MOST: Final = 20  # matchers of one silence or rule
_NAME: Final = 64  # characters
_VALUE: Final = 200
_MEMORY: Final = 1 << 20  # bytes that a pattern may take
OWN: Final = ("site", "device", "rule", "severity")  # fields of an alert that are matched as labels are


class Op(StrEnum):
    """How a label is compared. A label that is missing is empty."""

    EQUAL = "="
    UNEQUAL = "!="
    PATTERN = "=~"  # RE2, the whole value


class Matcher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One comparison: `device =~ kiosk-.*`."""

    name: str
    op: Op = Op.EQUAL
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds for these labels."""
        found = labels.get(self.name, "")
        if self.op is Op.PATTERN:
            return pattern(self.value).fullmatch(found) is not None
        return (found == self.value) is (self.op is Op.EQUAL)

    def __str__(self) -> str:
        return f"{self.name} {self.op} {self.value}"


@functools.lru_cache(maxsize=1_000)
def pattern(text: str) -> Any:
    """A compiled pattern. Raises Refused."""
    import re2

    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise Refused("value", text, f"no pattern of RE2: {_said(error)}") from None


def check(matchers: Iterable[Matcher], *, field: str = "matchers") -> tuple[Matcher, ...]:
    """The matchers where they can be kept. Raises Refused."""
    found = tuple(matchers)
    if not 1 <= len(found) <= MOST:
        raise Refused(field, len(found), f"1 to {MOST} of them")
    for number, one in enumerate(found):
        where = f"{field}[{number}]"
        if not 1 <= len(one.name) <= _NAME or not one.name.isprintable():
            raise Refused(f"{where}.name", one.name, f"1 to {_NAME} characters")
        if len(one.value) > _VALUE or not (one.value.isprintable() or not one.value):
            raise Refused(f"{where}.value", one.value, f"at most {_VALUE} characters")
        if one.op is Op.PATTERN:
            try:
                pattern(one.value)
            except Refused as error:
                raise Refused(f"{where}.value", one.value, error.reason) from None
    if all(one.holds({}) for one in found):
        raise Refused(
            field, "; ".join(map(str, found)), "one of them must ask for something: this is every alert"
        )
    return found


def labels(alert: Alert) -> dict[str, str]:
    """What matchers see of an alert: its labels, and fields of its own."""
    return alert.labels | {name: str(getattr(alert, name)) for name in OWN}


def hold(matchers: Iterable[Matcher], seen: Mapping[str, str]) -> bool:
    """Whether all hold."""
    return all(one.holds(seen) for one in matchers)


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
