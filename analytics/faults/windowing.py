"""Faults of windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts.rules import (
    Anomaly,
    BurnRate,
    Count,
    Flapping,
    HourOfWeek,
    Rate,
    Rule,
    Session,
    Side,
    Sliding,
    Stuck,
    Test,
    Threshold,
    Tumbling,
    Window,
)

SHORTEST: Final = 1.0  # seconds of a step
LONGEST: Final = 7 * 86_400.0  # seconds of a window
LATEST: Final = 3_600.0  # seconds that a window may wait for late samples
MOST_PANES: Final = 400  # steps of a window: what is remembered of each series
MOST_NOVEL: Final = 1_000  # series with a detector each: 130 MB
MOST_SAMPLES: Final = 1_000  # of a count window


def window(rule: Rule, asked: Window) -> Iterable[tuple[str, str]]:
    """Of windows that a rule asks for."""
    if not isinstance(rule.test, Threshold | HourOfWeek):
        yield (
            ".window",
            f"window: only threshold and hour_of_week are put to windows, {_kind(rule)} has its own",
        )
    if not 0 <= asked.lateness <= LATEST:
        yield ".window.lateness", f"lateness: seconds, 0 to {LATEST:g}"
    match asked:
        case Tumbling(size=size):
            if not SHORTEST <= size <= LONGEST:
                yield ".window.size", f"size: seconds, {SHORTEST:g} to {LONGEST:g}"
        case Sliding(size=size, step=step):
            yield from steps(".window", "size", size, step)
        case Session(gap=gap, most=most):
            if not SHORTEST <= gap < most <= LONGEST:
                yield ".window.gap", f"gap: seconds, {SHORTEST:g} to most, which is {LONGEST:g} at most"
        case Count(samples=samples):
            if not 2 <= samples <= MOST_SAMPLES:
                yield ".window.samples", f"samples: 2 to {MOST_SAMPLES}"


def tests(test: Test) -> Iterable[tuple[str, str]]:
    """Of kinds that stand on windows; nothing of others."""
    match test:
        case Rate() | Stuck() | Flapping():
            yield from own(test)
        case BurnRate():
            yield from burning(test)
        case Anomaly(lasts=lasts, most=most):
            if not 0 <= lasts <= LONGEST:
                yield ".test.lasts", f"lasts: seconds, 0 to {LONGEST:g}"
            if not 1 <= most <= MOST_NOVEL:
                yield ".test.most", f"most: 1 to {MOST_NOVEL} series"


def own(test: Rate | Stuck | Flapping) -> Iterable[tuple[str, str]]:
    """Of kinds that bring windows of their own."""
    if test.step:
        yield from steps(".test", "over", test.over, test.step)
    elif not 12 * SHORTEST <= test.over <= LONGEST:
        yield ".test.over", f"over: seconds, {12 * SHORTEST:g} to {LONGEST:g}, or give a step"
    if not 0 <= test.lateness <= LATEST:
        yield ".test.lateness", f"lateness: seconds, 0 to {LATEST:g}"
    match test:
        case Rate():
            yield from _rate(test)
        case Stuck():
            if test.tolerance < 0:
                yield ".test.tolerance", "tolerance: not negative"
            if test.least < 2:
                yield ".test.least", "least: 2 samples or more, for one alone never moves"
        case Flapping():
            yield from _flapping(test)


def _flapping(test: Flapping) -> Iterable[tuple[str, str]]:
    if test.changes < 2:
        yield ".test.changes", "changes: 2 or more"
    if test.clear is not None and not 0 <= test.clear < test.changes:
        yield ".test.clear", "clear: fewer changes than raise it, not negative"


def _rate(test: Rate) -> Iterable[tuple[str, str]]:
    if test.side is Side.BOTH:
        yield ".test.side", "side: above or below; for both write two rules"
    if test.per <= 0:
        yield ".test.per", "per: seconds, more than none"
    if test.hold < 0:
        yield ".test.hold", "hold: seconds, not negative"
    if wrong_side(test):
        yield ".test.clear", f"clear: {test.clear:g} is on the wrong side of the limit {test.limit:g}"


def burning(test: BurnRate) -> Iterable[tuple[str, str]]:
    """Of burn rates."""
    if not 0 < test.objective < 1:
        yield ".test.objective", "objective: a share between 0 and 1, such as 0.99"
    if test.side is Side.BOTH:
        yield ".test.side", "side: above or below; for both write two rules"
    if not 1 <= len(test.pairs) <= 4:
        yield ".test.pairs", "pairs: one to four"
    if test.least < 1:
        yield ".test.least", "least: 1 sample or more"
    if not 0 <= test.lateness <= LATEST:
        yield ".test.lateness", f"lateness: seconds, 0 to {LATEST:g}"
    for place, pair in enumerate(test.pairs):
        at = f".test.pairs[{place}]"
        if not pair.short < pair.long:
            yield f"{at}.short", "short: less than long"
        if not 1 / (1 - test.objective) >= pair.factor > 0:
            yield (
                f"{at}.factor",
                f"factor: {pair.factor:g} is never reached, for all samples can be bad at most",
            )
        for name, size in (("long", pair.long), ("short", pair.short)):
            yield from steps(at, name, size, test.step)


def steps(place: str, name: str, size: float, step: float) -> Iterable[tuple[str, str]]:
    """Of a window of `size` that is looked at each `step`."""
    if not (step >= SHORTEST and step <= size <= LONGEST):
        yield f"{place}.{name}", f"{name}: seconds, from the step (at least {SHORTEST:g}) to {LONGEST:g}"
    elif abs(size / step - round(size / step)) > 1e-9 or size / step > MOST_PANES:
        yield (
            f"{place}.step",
            f"step: {step:g} must go into {size:g} a whole number of times, {MOST_PANES} at most",
        )


def wrong_side(test: Threshold | Rate) -> bool:
    """Whether it would be well again only where it is still wrong."""
    beyond = test.clear is not None and (test.clear > test.limit) == (test.side is Side.ABOVE)
    return beyond and test.clear != test.limit


def _kind(rule: Rule) -> str:
    return str(rule.test.__struct_config__.tag)
