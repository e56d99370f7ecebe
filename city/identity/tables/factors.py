"""By what someone is known: passwords, second factors, one-time links and codes, and how often it failed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from city.db.schema import Instant, Json, metadata
from city.identity.tables.people import people

passwords: Final = Table(
    "identity_passwords",
    metadata,
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), primary_key=True),
    Column("hash", String(200), nullable=False),  # Argon2id with its parameters
    Column("changed", Instant, nullable=False),
)

authenticators: Final = Table(
    "identity_authenticators",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), nullable=False),
    Column("label", String(80), nullable=False),
    Column("step", BigInteger, nullable=False),  # of the newest code taken: one of it or before is not taken
    Column("created", Instant, nullable=False),
    Column("confirmed", Instant),  # nothing until a first code came
    Column("used", Instant),
)
Index("ix_identity_authenticators_person", authenticators.c.person)

passkeys: Final = Table(
    "identity_passkeys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), nullable=False),
    Column("label", String(80), nullable=False),
    Column("credential", String(1_400), nullable=False, unique=True),  # base64url, up to 1,023 bytes
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("signatures", BigInteger, nullable=False),  # so far, by the authenticator; 0: it tells none
    Column("transports", Json, nullable=False),
    Column("created", Instant, nullable=False),
    Column("used", Instant),
)
Index("ix_identity_passkeys_person", passkeys.c.person)

recoveries: Final = Table(
    "identity_recoveries",
    metadata,
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), primary_key=True),
    Column("hash", String(64), primary_key=True),  # keyed
    Column("used", Instant),
)

# Challenges that were answered. One that was only asked for lies nowhere: it comes back with our signature.
challenges: Final = Table(
    "identity_challenges",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("expires", Instant, nullable=False),
)
Index("ix_identity_challenges_expires", challenges.c.expires)

links: Final = Table(
    "identity_links",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), nullable=False),
    Column("made_by", String(36), nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("used", Instant),
)
Index("ix_identity_links_person", links.c.person)

codes: Final = Table(
    "identity_codes",
    metadata,
    Column("id", String(64), primary_key=True),  # given to who asked, needed beside the code
    Column("contact", String(64), nullable=False),  # keyed hash
    Column("hash", String(64), nullable=False),  # keyed
    Column("tries", Integer, nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("used", Instant),
)
Index("ix_identity_codes_contact", codes.c.contact)
Index("ix_identity_codes_expires", codes.c.expires)

throttles: Final = Table(
    "identity_throttles",
    metadata,
    Column("key", String(64), primary_key=True),  # keyed hash of an account, an address or a device
    Column("failures", Integer, nullable=False),
    Column("until", Instant, nullable=False),  # nothing is tried before
    Column("updated", Instant, nullable=False),
)
Index("ix_identity_throttles_updated", throttles.c.updated)
