"""Who may hear of what: an event's type needs a permission, which an owner must hold while he is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from sqlalchemy import Connection, select

from city.identity import grants, persons
from city.identity.apps import ACTIVE
from city.identity.caller import Grant, Kind
from city.identity.errors import Unknown
from city.identity.model import PersonState
from city.identity.roles import ANONYMOUS, STAFF, Catalogue
from city.identity.tables.doors import apps
from runtime.clock import Clock

May = Callable[[str], bool]  # whether someone holds a permission
Holds = Callable[[Connection, str, str], Collection[str] | None]  # kind and id of an owner → his permissions


class Ears:
    """`needs`: pattern of an event's type → permission to hear of it. What no pattern names, nobody hears."""

    def __init__(self, needs: Mapping[str, str], holds: Holds) -> None:
        self._needs = needs
        self.holds = holds

    def may(self, type_: str, may: May) -> bool:
        """Whether whoever `may` hears of events of this type."""
        needed = [permission for pattern, permission in self._needs.items() if fnmatchcase(type_, pattern)]
        return bool(needed) and all(may(permission) for permission in needed)

    def patterns(self, may: May) -> tuple[str, ...]:
        """All that someone may hear."""
        return tuple(pattern for pattern, permission in self._needs.items() if may(permission))

    def missing(self, pattern: str, may: May) -> Sequence[str]:
        """Permissions without which he does not hear all that a pattern takes; empty text: nobody does."""
        over = [
            permission
            for wider, permission in self._needs.items()
            if _covers(wider, pattern) or _covers(pattern, wider)
        ]
        return [permission for permission in over if not may(permission)] if over else [""]


class Holders:
    """Permissions of apps and people by their grants, wherever they hold; None where they may not act."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def __call__(self, tx: Connection, kind: str, owner: str) -> frozenset[str] | None:
        """What an owner holds at this moment."""
        if kind == Kind.APP:
            if tx.execute(select(apps.c.state).where(apps.c.id == owner)).scalar() != ACTIVE:
                return None
            return self._reach(tx, owner, (ANONYMOUS,))
        try:
            person = persons.get(tx, owner)
        except Unknown:
            return None
        if person.state != PersonState.ACTIVE or person.citizen:
            return None
        return self._reach(tx, owner, (ANONYMOUS, STAFF))

    def _reach(self, tx: Connection, owner: str, held: Sequence[str]) -> frozenset[str]:
        given = [
            (Grant(role=one.role, programme=one.programme, unit=one.unit), None)
            for one in grants.held(tx, owner, self._clock.now())
        ]
        return frozenset(self._catalogue.reach(given, held=held, staff=True))


def _covers(wider: str, pattern: str) -> bool:
    """Whether all that a pattern takes is taken by a wider one."""
    return wider in ("*", pattern) or (wider.endswith(".*") and pattern.startswith(wider[:-1]))
