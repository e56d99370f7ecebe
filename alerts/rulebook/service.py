"""The rulebook: what people decide of rules, each decision noted, told, and acting at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update

from alerts import records as alerts_records
from alerts.means import BARE, Means
from alerts.model import lifecycle
from alerts.model.lifecycle import Place
from alerts.rulebook import records
from alerts.rulebook.errors import Idle, Unknown, Untried
from alerts.rulebook.model import Listed, Row, Shelf, State, Told
from alerts.tables import alerts, judgements, open_
from alerts.ward import Ward
from city import outbox, revisions
from city.audit import Entry, Trail
from city.db import Database
from city.identity.caller import SYSTEM, Caller
from contracts.backtest import Report
from contracts.judgements import Text
from contracts.rules import Rule
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.logs import clean

LONGEST: Final = 300  # characters of a reason
_SHOWN: Final = 100  # findings of one rule
_KIND: Final = "alerts.rule"
_ACTIONS: Final = {State.ACTIVE: "activated", State.TRIAL: "put_on_trial"}


class Rulebook:
    """Calls block: use a thread. `shelf` reads the rule files as they are now."""

    def __init__(
        self,
        db: Database,
        shelf: Callable[[], Shelf],
        *,
        clock: Clock,
        ids: Factory,
        trail: Trail,
        means: Means = BARE,
    ) -> None:
        self._db = db
        self._shelf = shelf
        self._clock = clock
        self._ids = ids
        self._trail = trail
        self._means = means

    def listed(self) -> tuple[list[Listed], str]:
        """All rules in the order of their files, then those that are gone; and why files cannot be read."""
        shelf = self._shelf()
        with self._db.read() as tx:
            book, newest, said = records.rows(tx), records.newest(tx), records.said(tx)
        gone = [row for row in book.values() if shelf.get(row.rule) is None]
        here = [_listed(one, book.get(one.id), newest, said) for one in shelf.rules]
        return [*here, *(_gone(row, said) for row in gone)], shelf.trouble

    def get(self, rule: str) -> Told:
        """One rule with its report, and what it said on trial. Raises Unknown."""
        content = self._shelf().get(rule)
        with self._db.read() as tx:
            row = records.get(tx, rule)
            said = records.said(tx)
            if content is None:
                if row is None:
                    raise Unknown(rule)
                listed = _gone(row, said)
            else:
                listed = _listed(content, row, records.newest(tx), said)
            report = records.report(tx, listed.report) if listed.report else None
            return Told(
                listed=listed, content=content, backtest=report, findings=records.some(tx, rule, limit=_SHOWN)
            )

    def hand_in(self, tx: Connection, by: Caller, rule: str, report: Report) -> str:
        """Keep a report of the rule's present content; its hash. Raises Unknown, Untried."""
        content = self._content(rule)
        if (report.rule, report.rule_hash) != (content.id, content.hash):
            reason = f"it is of content {report.rule_hash} of {report.rule}; the file has {content.hash}"
            raise Untried(rule, report.hash, reason)
        return records.keep_report(tx, report, by=by.id, now=self._clock.now())

    def activate(
        self, tx: Connection, by: Caller, rule: str, report: str, *, why: str = "", seen: int | None = None
    ) -> Row:
        """Let the rule's present content act, by a report of it. Raises Unknown, Untried, Outdated.

        What it says is so at this moment becomes alerts; what it said before does not.
        """
        ward = Ward(tx, now=self._clock.now(), ids=self._ids, means=self._means)
        content = self._content(rule)
        known = records.report(tx, report)
        if known is None:
            raise Untried(rule, report, "no such report was handed in")
        if (known.rule, known.rule_hash) != (content.id, content.hash):
            raise Untried(rule, report, f"it is of another content than the file's, {content.hash}")
        row = self._decided(tx, by, rule, State.ACTIVE, content.hash, report, why=why, seen=seen)
        self._take_up(tx, ward, rule)
        ward.close()
        return row

    def put_on_trial(
        self, tx: Connection, by: Caller, rule: str, *, why: str, seen: int | None = None
    ) -> Row:
        """Let the rule act no more; its alerts stay until it clears them. Raises Unknown, Idle, Outdated."""
        Ward(tx, now=self._clock.now(), ids=self._ids, means=self._means)
        known = records.get(tx, rule, lock=True)
        if known is None and self._shelf().get(rule) is None:
            raise Unknown(rule)
        if known is None or known.state is State.TRIAL:
            raise Idle(rule)
        return self._decided(tx, by, rule, State.TRIAL, known.rule_hash, known.report, why=why, seen=seen)

    def ship(self, reports: Mapping[str, Report]) -> list[str]:
        """Activate, as the platform itself, rules that come with a report of their content; which.

        Only those of which nobody else has decided anything.
        """
        done: list[str] = []
        for content in self._shelf().rules:
            report = reports.get(content.hash)
            if report is None or report.rule != content.id:
                continue
            with self._db.begin() as tx:
                row = records.get(tx, content.id)
                if row is not None and (row.by != SYSTEM.id or row.rule_hash == content.hash):
                    continue
                mark = self.hand_in(tx, SYSTEM, content.id, report)
                self.activate(tx, SYSTEM, content.id, mark, why="shipped with its report")
                done.append(content.id)
        return done

    def _content(self, rule: str) -> Rule:
        found = self._shelf().get(rule)
        if found is None:
            raise Unknown(rule)
        return found

    def _decided(
        self,
        tx: Connection,
        by: Caller,
        rule: str,
        state: State,
        rule_hash: str,
        report: str,
        *,
        why: str,
        seen: int | None,
    ) -> Row:
        known = records.get(tx, rule, lock=True)
        revisions.check("rule", rule, seen=seen, now=known.revision if known else 0)
        row = Row(
            rule=rule,
            revision=known.revision + 1 if known else 1,
            state=state,
            rule_hash=rule_hash,
            report=report,
            by=by.id,
            by_name=by.name,
            why=clean(why.strip(), LONGEST),
            changed=self._clock.now(),
        )
        records.keep(tx, row)
        self._trail.note(
            tx, Entry(by=by.id, action=_ACTIONS[state], kind=_KIND, record=rule, fields=("state",), why=why)
        )
        event = outbox.event(
            "rule.activated" if state is State.ACTIVE else "rule.on_trial",
            id=self._ids(),
            source="/alerts/rules",
            subject=rule,
            time=row.changed,
            data=msgspec.to_builtins(row),
        )
        outbox.append(tx, event)
        return row

    def _take_up(self, tx: Connection, ward: Ward, rule: str) -> None:
        """Let what stands by a rule's judgements be alerts."""
        found = records.standing_of(tx, rule)
        marks = [one.fingerprint for one in found]
        query = select(alerts).where(open_, alerts.c.fingerprint.in_(marks)).with_for_update()
        known = {one.fingerprint: one for one in alerts_records.rows(tx, query)}
        for one in found:
            before = known.get(one.fingerprint)
            place = Place(judged=one.judged, time=one.time)
            step = lifecycle.judge(before, None, one, place, now=self._clock.now(), ids=self._ids)
            step = ward.keep(step, before=before, by=one.producer)
            about = step.alert or before
            tx.execute(
                update(judgements)
                .where(judgements.c.id == one.id)
                .values(outcome=step.outcome, alert=about.id if about else "")
            )
        records.settle(tx, marks)


def _listed(
    content: Rule, row: Row | None, newest: Mapping[tuple[str, str], str], said: Mapping[str, int]
) -> Listed:
    state = row.state if row else State.TRIAL
    if row and state is State.ACTIVE and row.rule_hash != content.hash:
        state = State.CHANGED
    return Listed(
        rule=content.id,
        title=content.title,
        severity=content.severity,
        state=state,
        rule_hash=content.hash,
        report=newest.get((content.id, content.hash), ""),
        said=said.get(content.id, 0),
        **_decision(row),
    )


def _gone(row: Row, said: Mapping[str, int]) -> Listed:
    return Listed(
        rule=row.rule,
        title=Text(id=row.rule, en=row.rule),
        severity=None,
        state=State.GONE,
        rule_hash="",
        report=row.report,
        said=said.get(row.rule, 0),
        **_decision(row),
    )


def _decision(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {"revision": 0}
    return {
        "revision": row.revision,
        "active_hash": row.rule_hash,
        "by": row.by_name,
        "why": row.why,
        "changed": row.changed,
    }
