"""What is ruled of a group at an instant: of the numbers of its devices, a class and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from analytics import cel, wording
from analytics.cel import Found
from analytics.members import Heard
from contracts.judgements import Text, Verdict
from contracts.rules import Across, Input, Of, Quorum, Rule, Side, Together
from contracts.series import Selector, Series

Number = tuple[Series, float]


class Look(NamedTuple):
    """A group at an instant: of each input what its series said, in order of series."""

    group: int
    end: int
    heard: list[list[Number]]


class Ruled(NamedTuple):
    """A class, the number that decided and what it is measured against, and what was seen."""

    cls: int
    value: float | None
    expected: float | None
    devices: tuple[str, ...] = ()
    heard: int = 0
    numbers: dict[str, float | None] = {}  # noqa: RUF012 - never written to


class Ruling(Protocol):
    """How a test rules."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The numbers that it needs."""
        ...

    def judge(self, looks: Sequence[Look]) -> list[Ruled]:
        """One each."""
        ...


def looks(heard: Sequence[Heard]) -> list[Look]:
    """What was heard, by group and instant, in order of both; the order in which it came does not show."""
    found: dict[tuple[int, int], list[list[Number]]] = {}
    for number, one in enumerate(heard):
        columns = zip(one.groups.tolist(), one.ends.tolist(), one.series, one.values.tolist(), strict=True)
        for group, end, series, value in columns:
            empty: list[list[Number]] = [[] for _ in heard]
            found.setdefault((group, end), empty)[number].append((series, value))
    for lists in found.values():
        for one_input in lists:
            one_input.sort(key=lambda pair: (pair[0].device, pair[0].metric, pair[0].instance, pair[0].unit))
    return [Look(group, end, found[group, end]) for group, end in sorted(found)]


def ruling(test: Quorum | Together) -> Ruling:
    """How a test rules. Raises cel.Refused."""
    return _Quorum(test) if isinstance(test, Quorum) else _Together(test)


class _Quorum:
    def __init__(self, test: Quorum) -> None:
        self._test = test
        self.inputs = (Input(select=Selector(), of=Of.LAST, over=test.over),)

    def judge(self, looks: Sequence[Look]) -> list[Ruled]:
        return [self._one(look.heard[0]) for look in looks]

    def _one(self, heard: list[Number]) -> Ruled:
        test = self._test
        above = test.side is not Side.BELOW
        every = {series.device for series, _ in heard}
        bad = {
            series.device for series, value in heard if (value > test.limit if above else value < test.limit)
        }
        wanted = max(test.least, math.ceil(round(test.share * len(every), 9)))
        cls = 0 if len(every) < test.heard else 1 if len(bad) >= wanted else -1
        return Ruled(cls, float(len(bad)), float(wanted), tuple(sorted(bad)), len(every))


_ACROSS: Final[dict[Across, Callable[[list[float]], float]]] = {
    Across.SUM: math.fsum,
    Across.MEAN: lambda values: math.fsum(values) / len(values),
    Across.MIN: min,
    Across.MAX: max,
    Across.COUNT: lambda values: float(len(values)),
}


class _Together:
    def __init__(self, test: Together) -> None:
        self._names = tuple(test.inputs)
        self.inputs = tuple(test.inputs.values())
        self._when = cel.compiled(test.when, self._names)

    def judge(self, looks: Sequence[Look]) -> list[Ruled]:
        columns: dict[str, Found] = {}
        for number, (name, asked) in enumerate(zip(self._names, self.inputs, strict=True)):
            values = [_across(look.heard[number], asked) for look in looks]
            known = np.array([value is not None for value in values], np.bool_)
            numbers = np.array([math.nan if value is None else value for value in values], np.float64)
            columns[name] = Found(numbers, known)
        wrong = self._when(columns)
        return [
            Ruled(
                0 if not wrong.known[place] else 1 if wrong.value[place] else -1,
                None,
                None,
                numbers={
                    name: float(column.value[place]) if column.known[place] else None
                    for name, column in columns.items()
                },
            )
            for place in range(len(looks))
        ]


def _across(heard: list[Number], asked: Input) -> float | None:
    return _ACROSS[asked.across]([value for _, value in heard]) if heard else asked.empty


def why(rule: Rule, verdict: Verdict, ruled: Ruled, *, active: bool) -> Text:
    """Why it was raised, still is, or is over."""
    if verdict is Verdict.CLEARED and not active:
        return wording.inactive()
    if isinstance(rule.test, Quorum):
        return wording.quorum(rule.test, ruled.devices, ruled.heard)
    numbers = {} if not isinstance(rule.test, Together) else ruled.numbers
    return wording.together(numbers, over=verdict is Verdict.CLEARED)
