"""Tables of the rulebook."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from city.db import History
from city.db.schema import Instant, Json, metadata

rules: Final = Table(
    "rulebook_rules",
    metadata,
    Column("rule", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # model.State
    Column("rule_hash", String(64), nullable=False),  # of the content that was last activated
    Column("report", String(64), nullable=False),  # hash of the report by which it was
    Column("by", String(80), nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("why", String(300), nullable=False),
    Column("changed", Instant, nullable=False),
)

reports: Final = Table(
    "rulebook_reports",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("rule_hash", String(64), nullable=False),
    Column("body", Text, nullable=False),  # JSON as it was hashed
    Column("by", String(80), nullable=False),
    Column("received", Instant, nullable=False),
)
Index("ix_rulebook_reports_rule", reports.c.rule, reports.c.rule_hash, reports.c.received)

findings: Final = Table(
    "rulebook_findings",
    metadata,
    Column("id", String(64), primary_key=True),  # of the judgement
    Column("rule", String(64), nullable=False),
    Column("rule_hash", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("why", Json, nullable=False),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
)
Index("ix_rulebook_findings_rule", findings.c.rule, findings.c.received, findings.c.id)
Index("ix_rulebook_findings_received", findings.c.received)

standing: Final = Table(
    "rulebook_standing",
    metadata,
    Column("fingerprint", String(64), primary_key=True),  # what a rule on trial says is so now
    Column("rule", String(64), nullable=False),
    Column("judgement", Json, nullable=False),
    Column("received", Instant, nullable=False),
)
Index("ix_rulebook_standing_rule", standing.c.rule)

HISTORY: Final = History(
    name="rulebook", folder=Path(__file__).parent, tables=(rules, reports, findings, standing)
)
