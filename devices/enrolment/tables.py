"""Tables of enrolment: claims, of whose codes only a keyed hash is kept, and accounts with passwords."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table

from city.db.schema import Instant, metadata

claims: Final = Table(
    "devices_claims",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("device", String(64), nullable=False),
    Column("handle", String(8), nullable=False, unique=True),  # the part of the code by which it is found
    Column("hash", String(64), nullable=False),  # keyed, of the whole code
    Column("by", String(80), nullable=False),
    Column("made", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("tries", Integer, nullable=False),  # wrong secrets so far
    Column("withdrawn", Instant),
    Column("used", Instant),
    Column("request", String(64), nullable=False),  # SHA-256 of the request that used it, hex
    Column("serial", String(40), nullable=False),  # of the certificate that answered
)
Index("ix_devices_claims_device", claims.c.device, claims.c.made)

accounts: Final = Table(
    "devices_accounts",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("by", String(80), nullable=False),
    Column("made", Instant, nullable=False),
)

renewals: Final = Table(
    "devices_renewals",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("step", String(16), nullable=False),  # rotate, install, failed
    Column("command", String(64), nullable=False),  # that is waited for
    Column("serial", String(40), nullable=False),  # of the certificate that is being installed
    Column("since", Instant, nullable=False),
    Column("reason", String(300), nullable=False),  # of a failure
)
