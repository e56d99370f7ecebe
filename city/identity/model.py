"""People and units, as services answer and the API tells them."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PersonKind(StrEnum):
    """Whom a person belongs to."""

    STAFF = "staff"
    PARTNER = "partner"
    CITIZEN = "citizen"


class PersonState(StrEnum):
    """Where a person's account stands."""

    INVITED = "invited"  # has no second factor yet: comes in by a one-time link alone
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class UnitKind(StrEnum):
    """What a unit is."""

    AGENCY = "agency"
    KECAMATAN = "kecamatan"
    KELURAHAN = "kelurahan"
    SCHOOL = "school"
    FACILITY = "facility"
    PARTNER = "partner"
    TEAM = "team"


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the city's organisation; a tree."""

    id: str  # `dishub`, `kel-kesenden`
    parent: str  # empty: at the top
    kind: UnitKind
    name: str
    code: str  # by which others know it: Kemendagri, NPSN, facility; empty: none
    revision: int  # 1, 2, 3 …: the greater one is newer
    retired: bool  # keeps its past, takes nobody new
    created: int  # µs UTC
    updated: int  # µs UTC


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account."""

    id: str
    kind: PersonKind
    state: PersonState
    revision: int  # 1, 2, 3 …: the greater one is newer
    name: str  # empty for citizens: theirs is encrypted
    login: str  # empty for citizens: they sign in by phone or e-mail
    unit: str  # to which staff belong; empty: none
    language: str  # id, en
    created: int  # µs UTC
    updated: int  # µs UTC
    seen: int | None = None  # µs UTC of the newest sign-in

    @property
    def citizen(self) -> bool:
        """Whether it is nobody of the city's staff or its partners."""
        return self.kind == PersonKind.CITIZEN


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as it is kept."""

    id: str
    holder: str  # person or app
    programme: str
    role: str
    unit: str  # empty: the whole city
    given: int  # µs UTC
    given_by: str
    until: int | None = None  # µs UTC; None: until it is taken away
