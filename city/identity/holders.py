"""Who holds a permission for a unit: whom a package tells, and to whom it gives work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, or_, select, tuple_

from city.identity.caller import EVERYWHERE
from city.identity.model import PersonKind, PersonState
from city.identity.roles import Catalogue
from city.identity.tables.people import grants, people
from city.identity.tree import Trees
from runtime.clock import Clock

MOST: Final = 200  # people of one answer: a permission that more hold is nobody's own work


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the staff or a partner who may."""

    id: str
    name: str


class Holders:
    """Finds people by what their grants allow; roles that everybody holds do not count."""

    def __init__(self, catalogue: Catalogue, *, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._trees = Trees()

    def of(self, tx: Connection, permission: str, unit: str, *, person: str = "") -> Sequence[Holder]:
        """Active staff who hold a permission for a unit (empty: the whole city), by name; or one of them."""
        roles = [
            (role.programme, role.name) for role in self._catalogue.list() if permission in role.permissions
        ]
        if not roles:
            return ()
        above = self._trees.newest(tx).above(unit) if unit != EVERYWHERE else ()
        query = (
            select(people.c.id, people.c.name)
            .join(grants, grants.c.holder == people.c.id)
            .where(
                tuple_(grants.c.programme, grants.c.role).in_(roles),
                grants.c.unit.in_({EVERYWHERE, unit, *above}),
                or_(grants.c.until.is_(None), grants.c.until > self._clock.now()),
                people.c.state == PersonState.ACTIVE,
                people.c.kind != PersonKind.CITIZEN,
            )
            .distinct()
            .order_by(people.c.name, people.c.id)
            .limit(MOST)
        )
        if person:
            query = query.where(people.c.id == person)
        return [Holder(id=row.id, name=row.name) for row in tx.execute(query)]
