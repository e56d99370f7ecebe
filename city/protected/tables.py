"""Tables of need-to-know cases: opaque ids, units and times. What is said lies in the vault."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, String, Table

from city.db.schema import Instant, metadata

cases: Final = Table(
    "protected_cases",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("programme", String(40), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("opened", Instant, nullable=False),
    Column("reviewed", Instant, nullable=False),
    Column("closed", Instant),
)

members: Final = Table(
    "protected_members",
    metadata,
    Column("case", String(26), ForeignKey(cases.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person", String(80), primary_key=True),
    Column("duty", String(16), nullable=False),
    Column("since", Instant, nullable=False),
)
Index("ix_protected_members_person", members.c.person)

openings: Final = Table(
    "protected_openings",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("case", String(26), ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("person", String(80), nullable=False),
    Column("opened", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("reviewed", Instant),
    Column("reviewer", String(80), nullable=False),
    Column("verdict", String(16), nullable=False),
)

consents: Final = Table(
    "protected_consents",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("case", String(26), ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("scope", String(64), nullable=False),
    Column("receiver", String(80), nullable=False),
    Column("given", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("withdrawn", Instant),
)
Index("ix_protected_consents_until", consents.c.until)
