"""Who acts and what he may: the one record that routes and services ask."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

EVERYWHERE: Final = ""  # a grant's unit that stands for the whole city


class Kind(StrEnum):
    """What acts."""

    PERSON = "person"
    APP = "app"
    ANONYMOUS = "anonymous"
    SYSTEM = "system"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role that someone has in one programme, for a unit and all units below it."""

    role: str  # its name within the programme: `dispatcher`
    programme: str  # `tangi`
    unit: str  # id; empty: the whole city


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever makes a request, and what follows from his grants at this moment."""

    kind: Kind
    id: str  # of the person or app; `anonymous`, `system` for these
    name: str  # for people; empty where it is a citizen's: it lies encrypted
    grants: tuple[Grant, ...] = ()
    strong: bool = False  # a second factor was shown in this session; always so for apps and the system
    session: str = ""  # id of the session, key or token by which he came; never the secret itself
    strong_at: int = 0  # µs UTC when the second factor was shown; 0: never
    citizen: bool = False
    reach: Mapping[str, frozenset[str] | None] = {}  # permission → units; None: the whole city

    def may(self, permission: str, *, unit: str | None = None) -> bool:
        """Whether he holds a permission: for this unit (empty: for the whole city), without one for any."""
        if self.kind == Kind.SYSTEM:
            return True
        if permission not in self.reach:
            return False
        units = self.reach[permission]
        return unit is None or units is None or unit in units

    def units(self, permission: str) -> frozenset[str] | None:
        """Units for which he holds a permission, to narrow a query; None: the whole city."""
        return None if self.kind == Kind.SYSTEM else self.reach.get(permission, frozenset())

    def fresh(self, now: int, *, within: int) -> bool:
        """Whether the second factor was shown at most `within` µs ago: for steps that hurt if stolen."""
        return self.kind == Kind.SYSTEM or 0 <= now - self.strong_at <= within


SYSTEM: Final = Caller(kind=Kind.SYSTEM, id="system", name="/platform", strong=True)
