"""Rows of the rulebook ↔ records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from alerts.rulebook.model import Finding, Row
from alerts.rulebook.tables import findings, reports, rules, standing
from contracts import backtest
from contracts.backtest import Report
from contracts.judgements import Judgement

_ROW: Final = Row.__struct_fields__
_FINDING: Final = Finding.__struct_fields__


def rows(tx: Connection) -> dict[str, Row]:
    """All that was decided, by rule."""
    return {row.rule: _row(row) for row in tx.execute(select(rules))}


def get(tx: Connection, rule: str, *, lock: bool = False) -> Row | None:
    """What was decided of one."""
    query = select(rules).where(rules.c.rule == rule)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _row(row)


def keep(tx: Connection, row: Row) -> None:
    """Write a decision, the first or a further one."""
    values = msgspec.to_builtins(row)
    if row.revision == 1:
        tx.execute(insert(rules), values)
    else:
        tx.execute(update(rules).where(rules.c.rule == row.rule), values)


def keep_report(tx: Connection, report: Report, *, by: str, now: int) -> str:
    """Keep a report, once; its hash."""
    mark = report.hash
    if tx.execute(select(reports.c.hash).where(reports.c.hash == mark)).one_or_none() is None:
        body = msgspec.json.encode(report).decode()
        values = {"hash": mark, "rule": report.rule, "rule_hash": report.rule_hash, "body": body}
        tx.execute(insert(reports), values | {"by": by, "received": now})
    return mark


def report(tx: Connection, mark: str) -> Report | None:
    """A report by its hash."""
    body = tx.execute(select(reports.c.body).where(reports.c.hash == mark)).scalar_one_or_none()
    return None if body is None else backtest.decode(body.encode())


def newest(tx: Connection) -> dict[tuple[str, str], str]:
    """Hash of the newest report by rule and content."""
    query = select(reports.c.rule, reports.c.rule_hash, reports.c.hash).order_by(
        reports.c.received, reports.c.hash
    )
    return {(row.rule, row.rule_hash): row.hash for row in tx.execute(query)}


def said(tx: Connection) -> dict[str, int]:
    """How much each rule said on trial."""
    query = select(findings.c.rule, func.count()).group_by(findings.c.rule)
    return {rule: count for rule, count in tx.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def some(tx: Connection, rule: str, *, limit: int) -> list[Finding]:
    """What one said on trial, newest first."""
    query = select(findings).where(findings.c.rule == rule)
    query = query.order_by(findings.c.received.desc(), findings.c.id.desc()).limit(limit)
    return [
        msgspec.convert({field: getattr(row, field) for field in _FINDING}, Finding)
        for row in tx.execute(query)
    ]


def standing_of(tx: Connection, rule: str) -> list[Judgement]:
    """What a rule on trial says is so now."""
    query = select(standing.c.judgement).where(standing.c.rule == rule).order_by(standing.c.fingerprint)
    return [msgspec.convert(one, Judgement) for one in tx.execute(query).scalars()]


def settle(tx: Connection, fingerprints: Iterable[str]) -> None:
    """Forget what stood: it acts from now on."""
    tx.execute(delete(standing).where(standing.c.fingerprint.in_(list(fingerprints))))


def _row(row: object) -> Row:
    return msgspec.convert({field: getattr(row, field) for field in _ROW}, Row)
