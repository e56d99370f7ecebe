"""Table of idempotency keys. Key, caller and request are there as keyed hashes; answers lie in the vault."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, String, Table

from city.db.schema import Instant, metadata

requests: Final = Table(
    "idempotency_requests",
    metadata,
    Column("id", String(64), primary_key=True),  # of caller and key
    Column("fingerprint", String(64), nullable=False),  # of method, target and body
    Column("token", String(36), nullable=False),  # of the claim
    Column("until", Instant, nullable=False),  # when the claim may be taken over
    Column("done", Boolean(create_constraint=False), nullable=False),
    Column("kept", Boolean(create_constraint=False), nullable=False),  # whether the answer is in the vault
    Column("expires", Instant, nullable=False, index=True),
)
