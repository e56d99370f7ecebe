"""What a judgement may do: asked once a batch, in the transaction that takes it.

Whoever changes a rule's standing has the ward of alerts as whoever takes judgements has it, so that no
judgement falls between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select

from alerts.model.lifecycle import Outcome, Step
from alerts.rulebook.tables import findings, rules, standing
from contracts.judgements import Judgement, Verdict

ALWAYS: Final = frozenset({"presence", "probe", "watchdog"})  # the platform's own, which no file holds
Standing = Literal["active", "trial"]
_UNMOVED: Final = frozenset({Outcome.LATE, Outcome.DUPLICATE})


def ask(tx: Connection, rule: str, rule_hash: str) -> Standing:
    """Whether this content of a rule acts."""
    return "active" if rule in ALWAYS or (rule, rule_hash) in _active(tx, [rule]) else "trial"


class Trials:
    """One batch: which of its judgements are on trial, and what these said."""

    def __init__(self, tx: Connection, batch: Sequence[Judgement], *, now: int) -> None:
        self._tx = tx
        self._now = now
        self._active = _active(tx, sorted({one.rule for one in batch} - ALWAYS))
        self._said: dict[str, dict[str, object]] = {}
        self._stands: dict[str, Judgement] = {}

    def sift(self, judgement: Judgement, step: Step) -> Step:
        """What may come of a judgement: all where its rule is active; an end also where it is not."""
        if judgement.probe or step.outcome in _UNMOVED or judgement.rule in ALWAYS:
            return step
        if (judgement.rule, judgement.rule_hash) in self._active:
            return step
        self._said[judgement.id] = {
            "id": judgement.id,
            "rule": judgement.rule,
            "rule_hash": judgement.rule_hash,
            "site": judgement.site,
            "device": judgement.device,
            "verdict": judgement.verdict,
            "why": msgspec.to_builtins(judgement.evidence.why),
            "time": judgement.time,
            "received": self._now,
        }
        self._stands[judgement.fingerprint] = judgement
        # An alert of an earlier content must be able to end, or it would stand for ever.
        ends = judgement.verdict is Verdict.CLEARED and step.alert is not None
        return step if ends else Step(outcome=Outcome.TRIAL)

    def close(self) -> None:
        """Write what was said, and what stands now."""
        if not self._said:
            return
        known = set(self._tx.execute(select(findings.c.id).where(findings.c.id.in_(self._said))).scalars())
        if fresh := [row for id_, row in self._said.items() if id_ not in known]:
            self._tx.execute(insert(findings), fresh)
        self._tx.execute(delete(standing).where(standing.c.fingerprint.in_(self._stands)))
        if found := [row for one in self._stands.values() if (row := self._row(one))]:
            self._tx.execute(insert(standing), found)

    def _row(self, judgement: Judgement) -> dict[str, Any] | None:
        if judgement.verdict is Verdict.CLEARED:
            return None
        told = msgspec.to_builtins(judgement)
        fingerprint = judgement.fingerprint
        return {"fingerprint": fingerprint, "rule": judgement.rule, "judgement": told, "received": self._now}


def _active(tx: Connection, names: Sequence[str]) -> set[tuple[str, str]]:
    if not names:
        return set()
    query = select(rules.c.rule, rules.c.rule_hash).where(rules.c.rule.in_(names), rules.c.state == "active")
    return {(row.rule, row.rule_hash) for row in tx.execute(query)}
