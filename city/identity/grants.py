"""Who has which role, in which programme, for which unit. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from city.db import Database
from city.identity import persons, units
from city.identity.caller import EVERYWHERE, Caller, Grant, Kind
from city.identity.errors import Unknown
from city.identity.fields import need
from city.identity.model import Given, PersonState
from city.identity.notes import Notes
from city.identity.roles import Catalogue, Role
from city.identity.tables.doors import apps
from city.identity.tables.people import grants
from city.identity.tree import Tree
from contracts.errors import Refused
from contracts.instants import DAY
from runtime.clock import Clock
from runtime.ids import Factory

MANAGE: Final = "identity.grants.manage"
_LONGEST: Final = 36_500 * DAY
_OURS: Final = "identity."  # permissions by which someone gains others
Covered = tuple[Grant, frozenset[str] | None]  # units for which it holds; None: the whole city


class Grants:
    """Gives roles and takes them away."""

    def __init__(
        self, db: Database, *, clock: Clock, ids: Factory, notes: Notes, catalogue: Catalogue
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._notes = notes
        self._catalogue = catalogue

    def of(self, holder: str) -> Sequence[Given]:
        """Grants of a person or app that hold now, by programme, role and unit."""
        with self._db.read() as tx:
            return held(tx, holder, self._clock.now())

    def within(self, unit: str) -> Sequence[Given]:
        """Grants that were given for exactly this unit; empty: for the whole city."""
        query = select(grants).where(grants.c.unit == unit, _standing(self._clock.now()))
        with self._db.read() as tx:
            return [_given(row) for row in tx.execute(query.order_by(grants.c.given)).mappings()]

    def give(
        self, by: Caller, holder: str, grant: Grant, *, until: int | None = None, why: str = ""
    ) -> Given:
        """Give a role; the same again only moves its end. Raises Unknown, Refused, NotNow, Forbidden."""
        need(by, MANAGE, grant.unit)
        if by.id == holder:
            raise Refused("holder", holder, "somebody else must give it to you")
        now = self._clock.now()
        if until is not None and not now < until < now + _LONGEST:
            raise Refused("until", until, "it is over already, or more than a life away")
        role = self._catalogue.grantable(grant.programme, grant.role)
        if role.citywide and grant.unit != EVERYWHERE:
            raise Refused("unit", grant.unit, f"{role.name} is given for the whole city: leave it empty")
        with self._db.begin() as tx:
            units.there(tx, grant.unit)
            _fits(tx, holder, role)
            new = {"id": self._ids(), "holder": holder, "given": now, "given_by": by.id, "until": until}
            insert = (sqlite if self._db.lite else postgresql).insert(grants)
            insert = insert.values(**new, **msgspec.structs.asdict(grant)).on_conflict_do_update(
                index_elements=["holder", "programme", "role", "unit"], set_={"until": until}
            )
            given = _given(tx.execute(insert.returning(grants)).mappings().one())
            self._notes.note(
                tx,
                by=by.id,
                action="grant.given",
                kind="grant",
                id=given.id,
                changed=(f"{given.programme}.{given.role}", holder),
                why=why,
                unit=given.unit,
            )
        return given

    def take(self, by: Caller, grant: str, *, why: str = "") -> None:
        """Take a role away; what its holder does next is without it. Raises Unknown, Forbidden."""
        with self._db.begin() as tx:
            row = tx.execute(select(grants).where(grants.c.id == grant)).mappings().one_or_none()
            if row is None:
                raise Unknown("grant", grant)
            old = _given(row)
            need(by, MANAGE, old.unit)
            if not tx.execute(delete(grants).where(grants.c.id == grant)).rowcount:
                raise Unknown("grant", grant)
            self._notes.note(
                tx,
                by=by.id,
                action="grant.taken",
                kind="grant",
                id=old.id,
                changed=(f"{old.programme}.{old.role}", old.holder),
                why=why,
                unit=old.unit,
            )


def held(tx: Connection, holder: str, now: int) -> Sequence[Given]:
    """Grants that hold now."""
    query = select(grants).where(grants.c.holder == holder, _standing(now))
    query = query.order_by(grants.c.programme, grants.c.role, grants.c.unit)
    return [_given(row) for row in tx.execute(query).mappings()]


def covered(given: Sequence[Given], tree: Tree) -> Sequence[Covered]:
    """Grants with the units for which they hold."""
    return [
        (Grant(role=one.role, programme=one.programme, unit=one.unit), tree.below(one.unit)) for one in given
    ]


def above(by: Caller, permission: str, given: Sequence[Given]) -> bool:
    """Whether a caller holds a permission wherever somebody has grants: he gains nothing by becoming him."""
    return all(by.may(permission, unit=one.unit) for one in given)


def _fits(tx: Connection, holder: str, role: Role) -> None:
    """Make sure that this holder may have this role at all."""
    if tx.execute(select(apps.c.id).where(apps.c.id == holder)).one_or_none() is not None:
        if any(permission.startswith(_OURS) for permission in role.permissions):
            raise Refused("role", role.name, f"no {Kind.APP.value} may give itself more")
        return
    person = persons.get(tx, holder)
    if person.state == PersonState.ERASED:
        raise Unknown("person", holder)
    if person.citizen and role.staff:
        raise Refused("role", role.name, "it is for staff and partners alone")


def _standing(now: int) -> Any:
    return or_(grants.c.until.is_(None), grants.c.until > now)


def _given(row: RowMapping) -> Given:
    return msgspec.convert({name: row[name] for name in Given.__struct_fields__}, Given)
