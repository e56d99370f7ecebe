"""Roles are data: each package says which it brings, and what each may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Self

import msgspec

from city.identity.caller import Caller, Grant, Kind
from city.identity.errors import Clash, Unknown
from contracts.errors import Refused
from contracts.judgements import Text

PLATFORM: Final = "platform"  # the programme of roles that belong to none of the city's
# Roles of these names are held without a grant, in every programme that brings one.
ANONYMOUS: Final = "anonymous"  # by everybody, signed in or not
CITIZEN: Final = "citizen"  # by every citizen who signed in
STAFF: Final = "staff"  # by everyone of the city's staff and its partners
_HELD: Final = (ANONYMOUS, CITIZEN, STAFF)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{1,39}")
_PERMISSION: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}")


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What someone is for a programme, and what he may by it."""

    name: str  # within the programme: `dispatcher`
    programme: str  # `tangi`
    permissions: tuple[str, ...]  # `tangi.incidents.work`; there are no wildcards
    title: Text
    staff: bool = True  # only for staff, partners and apps; people hold it only after their second factor
    citywide: bool = False  # what it allows belongs to no unit: given for the whole city alone

    def plus(self, *permissions: str) -> Self:
        """The same role with these permissions alone: what a package adds to another's role."""
        return msgspec.structs.replace(self, permissions=permissions)


ADMIN: Final = Role(
    name="admin",
    programme=PLATFORM,
    permissions=(
        "identity.people.read",
        "identity.people.manage",
        "identity.units.manage",
        "identity.grants.manage",
        "identity.apps.manage",
        "identity.sessions.revoke",
    ),
    title=Text(id="Admin", en="Administrator"),
)
AUDITOR: Final = Role(
    name="auditor",
    programme=PLATFORM,
    permissions=("audit.read", "identity.people.read"),
    title=Text(id="Auditor", en="Auditor"),
    citywide=True,
)
OPERATOR: Final = Role(
    name="operator",
    programme=PLATFORM,
    permissions=("outbox.dead.read", "outbox.dead.replay"),
    title=Text(id="Operator", en="Operator"),
    citywide=True,
)
ROLES: Final = (ADMIN, AUDITOR, OPERATOR)  # what this package brings


class Catalogue:
    """All roles of this platform."""

    def __init__(self, roles: Iterable[Role] = ROLES) -> None:
        """Roles of one name add up. Raises Refused on a malformed one, Clash on one told in two ways."""
        self._roles: dict[tuple[str, str], Role] = {}
        for role in roles:
            _check(role)
            key = (role.programme, role.name)
            known = self._roles.setdefault(key, role)
            if _told(known) != _told(role):
                raise Clash("/".join(key))
            together = tuple(dict.fromkeys((*known.permissions, *role.permissions)))
            self._roles[key] = msgspec.structs.replace(known, permissions=together)
        self.permissions = frozenset(name for role in self._roles.values() for name in role.permissions)

    def list(self) -> Sequence[Role]:
        """All roles, by programme and name."""
        return [self._roles[key] for key in sorted(self._roles)]

    def find(self, programme: str, name: str) -> Role:
        """One role. Raises Unknown."""
        role = self._roles.get((programme, name))
        if role is None:
            raise Unknown("role", f"{programme}/{name}")
        return role

    def grantable(self, programme: str, name: str) -> Role:
        """One role that can be given. Raises Unknown, Refused where it is held without a grant."""
        role = self.find(programme, name)
        if name in _HELD:
            raise Refused("role", name, "everyone whom it is for holds it without a grant")
        return role

    def reach(
        self,
        grants: Iterable[tuple[Grant, frozenset[str] | None]],
        *,
        held: Sequence[str] = (ANONYMOUS,),
        staff: bool,
    ) -> Mapping[str, frozenset[str] | None]:
        """Permission → units, from grants with the units they cover and roles held without one.

        `staff`: whether roles for staff count. A grant of a role that nobody brings any more gives nothing.
        """
        found: dict[str, frozenset[str] | None] = {}
        for role in self._roles.values():
            if role.name in held and (staff or not role.staff):
                found.update(dict.fromkeys(role.permissions))
        for grant, units in grants:
            known = self._roles.get((grant.programme, grant.role))
            if known is None or (known.staff and not staff):
                continue
            for permission in known.permissions:
                before = found.get(permission, frozenset())
                found[permission] = None if before is None or units is None else before | units
        return found

    def anonymous(self) -> Caller:
        """Whoever did not sign in."""
        return Caller(
            kind=Kind.ANONYMOUS, id=Kind.ANONYMOUS.value, name="", reach=self.reach((), staff=False)
        )


def _told(role: Role) -> Role:
    """What two packages must say alike."""
    return msgspec.structs.replace(role, permissions=())


def _check(role: Role) -> None:
    for field in ("name", "programme"):
        if not _NAME.fullmatch(getattr(role, field)):
            raise Refused(field, getattr(role, field), "small letters, digits, - and _, 2 to 40 of them")
    for permission in role.permissions:
        if not _PERMISSION.fullmatch(permission):
            raise Refused("permission", permission, "write programme.noun.verb")
    if role.name in {ANONYMOUS, CITIZEN} and role.staff:
        raise Refused("staff", True, f"{role.name} is not for staff alone: set staff=False")
