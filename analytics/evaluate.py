"""All rules at work: samples in, judgements out. No clock, no I/O: the same input gives the same output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from analytics import wording
from analytics.findings import judgement
from analytics.groups import Groups
from analytics.novel import Novel
from analytics.samples import Samples
from analytics.silence import Silence
from analytics.tracks import Saved
from analytics.values import Values
from analytics.watches import Scene, Watch
from contracts.judgements import Evidence, Judgement, Verdict
from contracts.rules import Absence, Anomaly, HourOfWeek, Quorum, Rule, Together


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's memory, with the rule as it then was."""

    rule: Rule
    rows: list[Saved]


class Evaluator:
    """The rules, each with its memory."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.watches: list[Watch] = [_watch(rule) for rule in rules]

    @property
    def learning(self) -> list[Values]:
        """Those that need a baseline."""
        return [one for one in self.watches if isinstance(one, Values) and isinstance(one.test, HourOfWeek)]

    def take(self, samples: Samples, scene: Scene) -> list[Judgement]:
        """Judge new samples by every rule."""
        return [found for one in self.watches for found in one.take(samples, scene)]

    def overdue(self, scene: Scene, since: int) -> bool:
        """Whether something that should have come did not; `since` (µs UTC): when we began to listen."""
        return any(one.overdue(scene, since) for one in self.watches)

    def tick(self, scene: Scene, since: int) -> list[Judgement]:
        """Judge what did not come."""
        return [found for one in self.watches for found in one.tick(scene, since)]

    def save(self) -> list[Kept]:
        """What must survive a restart."""
        return [Kept(rule=one.rule, rows=one.save()) for one in self.watches]

    def restore(self, kept: Sequence[Kept], scene: Scene) -> list[Judgement]:
        """Take up a saved memory; clear what fires by rules that are gone or watch it no longer."""
        by_id = {one.rule.id: one for one in self.watches}
        cleared: list[Judgement] = []
        for old in kept:
            now = by_id.get(old.rule.id)
            left = old.rows
            if now is not None and type(now.rule.test) is type(old.rule.test):
                left = now.restore(old.rows, same=now.rule.hash == old.rule.hash)
            cleared += [_dropped(old.rule, one, scene) for one in left if one.firing]
        return cleared


def _dropped(rule: Rule, saved: Saved, scene: Scene) -> Judgement:
    return judgement(
        rule,
        saved.series,
        Verdict.CLEARED,
        time=saved.last,
        evidence=Evidence(start=saved.last, end=saved.last, why=wording.dropped()),
        producer=scene.producer,
        judged=scene.now,
    )


def _watch(rule: Rule) -> Watch:
    if isinstance(rule.test, Absence):
        return Silence(rule, rule.test)
    if isinstance(rule.test, Anomaly):
        return Novel(rule, rule.test)
    if isinstance(rule.test, Quorum | Together):
        return Groups(rule, rule.test)
    return Values(rule, rule.test)
