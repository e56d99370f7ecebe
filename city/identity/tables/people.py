"""People, units, and who has which role where."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from city.db.schema import Instant, metadata

units: Final = Table(
    "identity_units",
    metadata,
    Column("id", String(64), primary_key=True),  # chosen by people: `dishub`, `kel-kesenden`
    Column("parent", String(64), ForeignKey("identity_units.id")),
    Column("kind", String(16), nullable=False),
    Column("name", String(120), nullable=False),
    Column("code", String(40), nullable=False),  # by which others know it: Kemendagri, NPSN, facility
    Column("revision", Integer, nullable=False),
    Column("retired", Boolean(create_constraint=False), nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
)
Index("ix_identity_units_parent", units.c.parent)

# One row, written by whoever changes the tree: changes follow one another, and readers see that it is new.
trees: Final = Table(
    "identity_trees",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)

people: Final = Table(
    "identity_people",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("name", String(120), nullable=False),  # empty for citizens: theirs lies in the vault
    Column("login", String(120), unique=True),  # nothing for citizens: they have contacts
    Column("unit", String(64), nullable=False),  # to which staff belong; empty: none
    Column("language", String(2), nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("seen", Instant),  # newest sign-in
)
Index("ix_identity_people_unit", people.c.unit)
Index("ix_identity_people_name", people.c.kind, people.c.name, people.c.id)

contacts: Final = Table(
    "identity_contacts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),  # phone, email
    Column("blind", String(64), nullable=False),  # keyed hash for exact look-up
    # The keyed hash while its owner signs in by it, else nothing: no two citizens have the same.
    Column("claim", String(64), unique=True),
    Column("created", Instant, nullable=False),
    Column("verified", Instant),
    Column("generation", String(32), nullable=False, server_default=""),  # of the key of the hash
)
Index("ix_identity_contacts_person", contacts.c.person)
Index("ix_identity_contacts_blind", contacts.c.blind)
Index("ix_identity_contacts_generation", contacts.c.generation)

accounts: Final = Table(
    "identity_accounts",
    metadata,
    Column("issuer", String(200), primary_key=True),
    Column("subject", String(255), primary_key=True),  # how the issuer knows him
    Column("person", String(36), ForeignKey(people.c.id, ondelete="CASCADE"), nullable=False),
    Column("created", Instant, nullable=False),
    Column("used", Instant),
)
Index("ix_identity_accounts_person", accounts.c.person)

grants: Final = Table(
    "identity_grants",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("holder", String(36), nullable=False),  # person or app
    Column("programme", String(40), nullable=False),
    Column("role", String(40), nullable=False),
    Column("unit", String(64), nullable=False),  # empty: the whole city
    Column("given", Instant, nullable=False),
    Column("given_by", String(36), nullable=False),
    Column("until", Instant),  # nothing: until it is taken away
    UniqueConstraint("holder", "programme", "role", "unit"),
)
Index("ix_identity_grants_unit", grants.c.unit)
