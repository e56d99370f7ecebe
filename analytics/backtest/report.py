"""A rule and a span of the past → its report: how often, when, for how long, where."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from analytics.backtest.lives import Lives, Past
from analytics.backtest.replay import Span, replay, share
from contracts import instants, roster
from contracts.backtest import Count, Life, Report
from contracts.instants import DAY, HOUR, SECOND
from contracts.rules import Rule
from contracts.series import Reader, Series

SHOWN: Final = 200  # lives that a report lists
_DEVICES: Final = 30
_NOISIEST: Final = 10
_JAKARTA: Final = 7 * HOUR  # Asia/Jakarta is UTC+7 the whole year


async def examine(
    rule: Rule,
    reader: Reader,
    roster: roster.Reader,
    span: Span,
    *,
    source: str,
    past: Sequence[Past] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> Report:
    """Replay a span through a rule; `progress` hears the share that is done. Raises what the reader does."""
    lives = Lives()
    heard: set[Series] = set()
    samples = 0
    async for played in replay(rule, reader, roster, span):
        lives.take(played.found)
        heard.update(played.samples.series)
        samples += len(played.samples)
        progress(share(played, span))
    devices = {one.device for one in heard}
    near = [one for one in past if span.since <= one.start < span.until and _concerns(one, rule, heard)]
    return msgspec.structs.replace(
        counted(rule, span, lives.all(near), source=source),
        samples=samples,
        series=len(heard),
        devices=len(devices),
        judgements=lives.judgements,
        incidents=len(near),
    )


def counted(rule: Rule, span: Span, lives: Sequence[Life], *, source: str) -> Report:
    """The figures of these lives."""
    lengths = [_length(one, span) for one in lives]
    hours = Counter(((one.start + _JAKARTA) // HOUR) % 24 for one in lives)
    return Report(
        rule=rule.id,
        rule_hash=rule.hash,
        content=msgspec.json.decode(msgspec.json.encode(rule)),  # as it comes back from a file
        title=rule.title,
        severity=rule.severity,
        source=source,
        since=span.since,
        until=span.until,
        lives=len(lives),
        unended=sum(one.end is None for one in lives),
        seconds=round(float(sum(lengths)), 3),
        median=round(statistics.median(lengths), 3) if lengths else 0.0,
        longest=max(lengths, default=0.0),
        hours=tuple(hours[hour] for hour in range(24)),
        days=_counts(lives, span, _day, by_name=True),
        by_device=_counts(lives, span, lambda one: one.device)[:_DEVICES],
        noisiest=_counts(lives, span, lambda one: f"{one.device} {one.part}".strip())[:_NOISIEST],
        shown=tuple(lives[:SHOWN]),
        met=len({one.incident for one in lives if one.incident}),
        alone=sum(not one.incident for one in lives),
    )


def _counts(
    lives: Iterable[Life], span: Span, key: Callable[[Life], str], *, by_name: bool = False
) -> tuple[Count, ...]:
    groups: dict[str, list[float]] = defaultdict(list)
    for one in lives:
        groups[key(one)].append(_length(one, span))
    found = [
        Count(name=name, lives=len(lengths), seconds=round(float(sum(lengths)), 3))
        for name, lengths in groups.items()
    ]
    order = (lambda one: one.name) if by_name else (lambda one: (-one.lives, -one.seconds, one.name))
    return tuple(sorted(found, key=order))


def _day(life: Life) -> str:
    start = (life.start + _JAKARTA) // DAY * DAY
    return instants.to_datetime(start).date().isoformat()


def _length(life: Life, span: Span) -> float:
    return ((span.until if life.end is None else life.end) - life.start) / SECOND


def _concerns(past: Past, rule: Rule, heard: set[Series]) -> bool:
    """Whether an incident was where the rule listens."""
    if past.device:
        return any(one.device == past.device for one in heard)
    return any(one.site == past.site for one in heard) and rule.incident
