"""The registry's verbs, in the caller's transaction where they take `tx`. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection

from city import revisions
from city.audit import Trail
from city.db import Database
from city.identity import units
from city.identity.caller import Caller
from city.identity.errors import NotNow as Retired
from city.identity.errors import Unknown as NoUnit
from city.identity.fields import line
from city.privacy import Vault
from city.search import Index
from contracts.errors import Refused
from contracts.topics import Kind
from devices.errors import Forbidden, NotNow, Taken, Unknown
from devices.registry import contacts, records, voice
from devices.registry.model import Contact, Device, Plan, State, checked, reached, words
from devices.registry.tables import devices
from devices.registry.voice import Voice
from devices.roles import DISABLE, MANAGE, READ
from runtime.clock import Clock
from runtime.ids import Factory

_REASON: Final = 300  # characters
_PLANNED: Final = Plan.__struct_fields__


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices: each given field must match."""

    site: str = ""
    kind: Kind | None = None
    state: State | None = None
    operator: str = ""
    part: str = ""  # of its id or title

    def where(self) -> list[ColumnElement[bool]]:
        """Conditions of a query."""
        found = [
            devices.c[name] == getattr(self, name) for name in ("site", "operator") if getattr(self, name)
        ]
        if self.kind is not None:
            found.append(devices.c.kind == self.kind)
        if self.state is not None:
            found.append(devices.c.state == self.state)
        if self.part:
            found.append(
                devices.c.device.icontains(self.part, autoescape=True)
                | devices.c.title.icontains(self.part, autoescape=True)
            )
        return found


class Registry:
    """The city's devices. `reserved`: ids of the platform's own producers, which no device has."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        trail: Trail,
        vault: Vault,
        reserved: Collection[str] = (),
        index: Index | None = None,
    ) -> None:
        self.voice = Voice(trail, ids=ids, index=index)
        self._db = db
        self._clock = clock
        self._vault = vault
        self._reserved = frozenset(reserved)

    def get(self, by: Caller, device: str) -> Device:
        """One device. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            found = records.find(tx, device)
        if found is None:
            raise Unknown(device)
        need(by, READ, found.unit)
        return found

    def page(self, by: Caller, filters: Filters, *, after: str = "", limit: int = 100) -> list[Device]:
        """Devices that the caller may see, in order of their ids, after one."""
        mine = by.units(READ)
        where = filters.where() + ([] if mine is None else [devices.c.unit.in_(sorted(mine))])
        with self._db.read() as tx:
            return records.some(tx, *where, after=after, limit=limit)

    def contact(self, by: Caller, device: str) -> Contact:
        """Who answers for it; the look is noted. Raises Unknown, Forbidden."""
        with self._db.begin() as tx:
            found = self.held(tx, by, MANAGE, device)
            contact = contacts.read(tx, self._vault, device)
            if contact:
                self.voice.note(tx, "viewed", found, by, fields=("contact",))
        return contact

    def add(
        self,
        tx: Connection,
        by: Caller,
        plan: Plan,
        *,
        contact: Contact | None = None,
        state: State = State.PLANNED,
    ) -> Device:
        """Plan a device; `state` is another where it already stands and speaks.

        Raises Refused, Taken, Forbidden.
        """
        plan = checked(plan)
        need(by, MANAGE, plan.unit)
        self._place(tx, plan)
        mark, now = records.touch(tx), self._clock.now()
        if plan.device in self._reserved:
            raise Refused("device", plan.device, "a part of the platform is called so")
        if records.find(tx, plan.device) is not None:
            raise Taken(plan.device)
        enrolled = now if state is State.ENROLLED else None
        new = Device(**_fields(plan), state=state, revision=1, created=now, updated=now, enrolled=enrolled)
        records.add(tx, new, mark)
        if contact:
            contacts.write(tx, self._vault, new.device, reached(contact))
        self.voice.tell(tx, voice.ENROLLED if enrolled else voice.PLANNED, new, by)
        return new

    def change(
        self,
        tx: Connection,
        by: Caller,
        plan: Plan,
        *,
        seen: int | None = None,
        contact: Contact | None = None,
    ) -> Device:
        """Put what people decide of it in place of what they did; without `contact` that stays.

        `seen`: the revision that he who changes it has before him.
        Raises Unknown, Refused, NotNow, Forbidden, Outdated.
        """
        plan = checked(plan)
        mark = records.touch(tx)
        old = self.held(tx, by, MANAGE, plan.device)
        revisions.check("device", old.device, seen=seen, now=old.revision)
        if old.state is State.RETIRED:
            raise NotNow(old.device, old.state, "it is gone for good")
        need(by, MANAGE, plan.unit)
        if plan.unit != old.unit:
            self._place(tx, plan)
        if plan.kind != old.kind and old.state is not State.PLANNED:
            raise Refused(
                "kind", plan.kind, f"an enrolled device stays a {old.kind}: retire it, plan another"
            )
        changed = [field for field in _PLANNED if getattr(plan, field) != getattr(old, field)]
        if contact is not None and contacts.read(tx, self._vault, old.device) != contact:
            contacts.write(tx, self._vault, old.device, reached(contact))
            changed.append("contact")
        if not changed:
            return old
        new = msgspec.structs.replace(
            old, **_fields(plan), revision=old.revision + 1, updated=self._clock.now()
        )
        records.put(tx, new, mark)
        self.voice.tell(tx, voice.CHANGED, new, by, fields=changed, before=old)
        return new

    def disable(
        self, tx: Connection, by: Caller, device: str, *, why: str, seen: int | None = None
    ) -> Device:
        """Shut it out until it is enabled; twice is the same as once. Raises as `change`."""
        why = line("why", why, most=_REASON)
        return self._step(tx, by, DISABLE, device, State.DISABLED, voice.DISABLED, why=why, seen=seen)

    def enable(
        self, tx: Connection, by: Caller, device: str, *, why: str = "", seen: int | None = None
    ) -> Device:
        """Let it in again: enrolled where it was, else planned. Raises as `change`."""
        why = line("why", why, most=_REASON, empty=True)
        return self._step(tx, by, DISABLE, device, State.ENROLLED, voice.ENABLED, why=why, seen=seen)

    def retire(self, tx: Connection, by: Caller, device: str, *, why: str, seen: int | None = None) -> Device:
        """End its life: who answers for it is forgotten, its id is never given again. Raises as `change`."""
        why = line("why", why, most=_REASON)
        gone = self._step(tx, by, MANAGE, device, State.RETIRED, voice.RETIRED, why=why, seen=seen)
        contacts.forget(tx, self._vault, device)
        return gone

    def enrol(
        self,
        tx: Connection,
        by: Caller,
        device: str,
        *,
        hardware: dict[str, str] | None = None,
        versions: dict[str, str] | None = None,
        fields: tuple[str, ...] = (),
        why: str = "",
    ) -> Device:
        """It has credentials from now on; `fields`: what else is noted. Raises Unknown, NotNow, Refused."""
        mark, now = records.touch(tx), self._clock.now()
        old = _find(tx, device)
        if old.state in {State.DISABLED, State.RETIRED}:
            raise NotNow(device, old.state, "it gets no credentials")
        new = msgspec.structs.replace(
            old,
            state=State.ENROLLED,
            hardware=old.hardware if hardware is None else words("hardware", hardware),
            versions=old.versions if versions is None else words("versions", versions),
            revision=old.revision + 1,
            updated=now,
            enrolled=now,
        )
        records.put(tx, new, mark)
        self.voice.tell(tx, voice.ENROLLED, new, by, fields=("state", *fields), why=why)
        return new

    def touched(
        self, tx: Connection, by: Caller, permission: str, device: str, *, fields: tuple[str, ...]
    ) -> Device:
        """Something that belongs to a device changes: its next revision. Raises Unknown, Forbidden."""
        mark = records.touch(tx)
        old = self.held(tx, by, permission, device)
        new = msgspec.structs.replace(old, revision=old.revision + 1, updated=self._clock.now())
        records.put(tx, new, mark)
        self.voice.tell(tx, voice.CHANGED, new, by, fields=fields)
        return new

    def held(self, tx: Connection, by: Caller, permission: str, device: str) -> Device:
        """A device locked for what the caller does to it. Raises Unknown, Forbidden."""
        found = _find(tx, device)
        need(by, permission, found.unit)
        return found

    def _step(
        self,
        tx: Connection,
        by: Caller,
        permission: str,
        device: str,
        goal: State,
        event: str,
        *,
        why: str,
        seen: int | None,
    ) -> Device:
        mark = records.touch(tx)
        old = self.held(tx, by, permission, device)
        if goal is State.ENROLLED and old.state is State.DISABLED and old.enrolled is None:
            goal = State.PLANNED
        if old.state is goal:
            return old
        revisions.check("device", device, seen=seen, now=old.revision)
        if old.state is State.RETIRED or (event == voice.ENABLED and old.state is not State.DISABLED):
            raise NotNow(
                device, old.state, "it is not shut out" if old.state is not State.RETIRED else "it is gone"
            )
        changes: dict[str, Any] = {"state": goal, "reason": "" if event == voice.ENABLED else why}
        new = msgspec.structs.replace(old, **changes, revision=old.revision + 1, updated=self._clock.now())
        records.put(tx, new, mark)
        self.voice.tell(tx, event, new, by, fields=("state",), why=why)
        return new

    def _place(self, tx: Connection, plan: Plan) -> None:
        try:
            units.there(tx, plan.unit)
        except (NoUnit, Retired) as error:
            raise Refused("unit", plan.unit, error.reason) from None


def need(by: Caller, permission: str, unit: str) -> None:
    """Make sure that the caller may, for this unit's devices. Raises Forbidden."""
    if not by.may(permission, unit=unit):
        raise Forbidden(permission, unit)


def _find(tx: Connection, device: str) -> Device:
    found = records.find(tx, device, lock=True)
    if found is None:
        raise Unknown(device)
    return found


def _fields(plan: Plan) -> dict[str, Any]:
    return {field: getattr(plan, field) for field in _PLANNED}
