"""Tables of the authority: intermediates, whose keys lie in the vault, and what they issued."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from city.db.schema import Instant, metadata

authorities: Final = Table(
    "devices_authorities",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("certificate", Text, nullable=False),  # PEM
    Column("root", Text, nullable=False),  # PEM of what signed it
    Column("starts", Instant, nullable=False),  # from when it issues: until then others get to know it
    Column("ends", Instant, nullable=False),
    Column("made", Instant, nullable=False),
)

certificates: Final = Table(
    "devices_certificates",
    metadata,
    Column("serial", String(40), primary_key=True),  # hex
    Column("device", String(64), nullable=False),
    Column("authority", String(36), ForeignKey(authorities.c.id), nullable=False),
    Column("pem", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False, unique=True),  # SHA-256 of its DER form, hex
    Column("request", String(64), nullable=False),  # SHA-256 of the request that it answers, hex
    Column("key", String(64), nullable=False),  # SHA-256 of its public key, hex
    Column("starts", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    Column("issued", Instant, nullable=False),
    Column("why", String(16), nullable=False),  # claim, renewal
    Column("revoked", Instant),
    Column("reason", String(32), nullable=False),
)
Index("ix_devices_certificates_device", certificates.c.device, certificates.c.issued)
Index("ix_devices_certificates_revoked", certificates.c.authority, certificates.c.revoked)
