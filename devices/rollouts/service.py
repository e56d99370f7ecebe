"""The desk's verbs on rollouts. Calls block: use a thread."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, tuple_
from sqlalchemy.exc import IntegrityError

from city import revisions
from city.audit import Trail
from city.db import Database, notify
from city.identity.caller import Caller
from city.identity.fields import line
from contracts import shadow
from contracts.errors import Refused
from contracts.roster import Entry
from contracts.settables import KEYS
from devices import selector
from devices.reach import Reach
from devices.rollouts import model, records, voice
from devices.rollouts.errors import Busy, Unknown
from devices.rollouts.model import ACTIVE, Item, Part, Plan, Rollout, State, Step, Told
from devices.rollouts.roles import MANAGE
from devices.rollouts.tables import items, rollouts
from devices.rollouts.voice import Voice
from devices.shadow import Shadow, Shadows
from devices.shadow.model import Change, changes, merged
from runtime.clock import Clock
from runtime.ids import Factory

LONGEST: Final = 300  # characters of a reason
SHOWN: Final = 200  # devices that a preview shows one by one
Place = tuple[int, str]  # (created, id) of the last rollout of a page


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One device of a preview."""

    device: str
    version: int  # that is desired now
    changes: tuple[Change, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do, before it is made once."""

    total: int  # devices that would change
    rows: tuple[Row, ...]  # the first of them
    same: int  # are so already
    left_out: tuple[str, ...]  # the caller may not
    unfit: tuple[str, ...]  # of a kind that has no such key
    busy: tuple[str, ...]  # part of another rollout
    stages: tuple[int, ...]  # devices that have it after each stage


class Rollouts:
    """Changes of many devices at once, in stages."""

    def __init__(
        self, db: Database, shadows: Shadows, *, clock: Clock, ids: Factory, trail: Trail, reach: Reach
    ) -> None:
        self.voice = Voice(trail, ids=ids)
        self._db = db
        self._shadows = shadows
        self._clock = clock
        self._ids = ids
        self._reach = reach

    def preview(
        self, by: Caller, chosen: selector.Selector, patch: Mapping[str, Any], plan: Plan | None = None
    ) -> Preview:
        """What the change would do to whom. Raises Refused."""
        with self._db.read() as tx:
            return self._preview(tx, by, chosen, patch, plan or Plan())[1]

    def start(
        self,
        tx: Connection,
        by: Caller,
        chosen: selector.Selector,
        patch: Mapping[str, Any],
        *,
        title: str,
        why: str,
        plan: Plan | None = None,
    ) -> Told:
        """Begin; devices that are so already have no part in it. Raises Refused, Busy."""
        title, why = line("title", title, most=120), line("why", why, most=LONGEST)
        plan = plan or Plan()
        rows, found = self._preview(tx, by, chosen, patch, plan)
        if found.busy:
            raise Busy(found.busy[0], records.claimed(tx, found.busy[:1]).get(found.busy[0], "another"))
        if not rows:
            raise Refused("selector", msgspec.to_builtins(chosen), "no device would change")
        key, now = self._ids(), self._clock.now()
        new = Rollout(
            id=key,
            title=title,
            patch=dict(patch),
            selector=msgspec.to_builtins(chosen),
            plan=plan,
            state=State.RUNNING,
            stage=0,
            total=len(rows),
            by=by.id,
            by_name=by.name,
            why=why,
            created=now,
            changed=now,
        )
        order = sorted((row.device for row in rows), key=lambda device: _turn(key, device))
        try:
            records.add(tx, new, order)
        except IntegrityError:  # another began at the same moment
            raise Busy(order[0], "another") from None
        self.voice.tell(tx, new, kind=voice.STARTED)
        self.voice.note(tx, new, by, "started", why)
        notify(tx, voice.ASKED)
        return self._told(tx, new)

    def step(
        self, tx: Connection, by: Caller, key: str, step: Step, *, why: str, seen: int | None = None
    ) -> Told:
        """What a person decides of it. Raises Unknown, Forbidden, Refused, NotNow, Outdated."""
        why = line("why", why, most=LONGEST)
        old = records.find(tx, key, lock=True)
        if old is None:
            raise Unknown(key)
        self._manages(tx, by, key)
        revisions.check("rollout", key, seen=seen, now=old.revision)
        if step not in model.PERSONS:
            raise Refused("step", step, f"one of {', '.join(model.PERSONS)}")
        new = msgspec.structs.replace(
            old,
            state=model.after(key, old.state, step),
            reason=f"{step} by {by.name or by.id}: {why}"[:400],
            changed=self._clock.now(),
            revision=old.revision + 1,
        )
        records.put(tx, new)
        self.voice.tell(tx, new)
        self.voice.note(tx, new, by, step.value, why)
        notify(tx, voice.ASKED)
        return self._told(tx, new)

    def get(self, by: Caller, key: str) -> Told:
        """One rollout. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            found = records.find(tx, key)
            if found is None:
                raise Unknown(key)
            self._manages(tx, by, key)
            return self._told(tx, found)

    def devices(
        self, by: Caller, key: str, *, state: Part | None = None, after: int = -1, limit: int = 100
    ) -> list[Item]:
        """Its devices in the order of their turn. Raises Unknown, Forbidden."""
        where = [] if state is None else [items.c.state == state]
        with self._db.read() as tx:
            if records.find(tx, key) is None:
                raise Unknown(key)
            self._manages(tx, by, key)
            return records.of(tx, key, *where, after=after, limit=limit)

    def page(
        self, by: Caller, *, active: bool | None = None, after: Place | None = None, limit: int = 50
    ) -> list[Told]:
        """Rollouts of the caller's devices, newest first."""
        where: list[ColumnElement[bool]] = []
        if active is not None:
            of_state = rollouts.c.state.in_(ACTIVE)
            where.append(of_state if active else ~of_state)
        if after is not None:
            where.append(tuple_(rollouts.c.created, rollouts.c.id) < tuple_(*after))
        if by.units(MANAGE) is not None:
            where.append(rollouts.c.by == by.id)
        with self._db.read() as tx:
            return [self._told(tx, one) for one in records.some(tx, *where, limit=limit)]

    def _manages(self, tx: Connection, by: Caller, key: str) -> None:
        """Whether every device of it is the caller's. Raises Unknown."""
        if by.units(MANAGE) is None:
            return
        entries = [self._reach.roster.get(item.device) for item in records.of(tx, key)]
        _, left_out = self._reach.some(tx, by, MANAGE, [entry for entry in entries if entry])
        if left_out:
            raise Unknown(key)

    def _preview(
        self, tx: Connection, by: Caller, chosen: selector.Selector, patch: Mapping[str, Any], plan: Plan
    ) -> tuple[list[Row], Preview]:
        if not patch:
            raise Refused("patch", "{}", "say what is to change")
        found = selector.select(self._reach.roster, chosen)
        entries, left_out = self._reach.some(tx, by, MANAGE, found)
        fit, unfit = _fit(entries, patch)
        held = self._shadows.some(tx, [entry.device for entry in fit])
        rows = [row for entry in fit if (row := _row(entry, held.get(entry.device), patch)).changes]
        busy = records.claimed(tx, [row.device for row in rows])
        return rows, Preview(
            total=len(rows),
            rows=tuple(rows[:SHOWN]),
            same=len(fit) - len(rows),
            left_out=tuple(left_out),
            unfit=tuple(unfit),
            busy=tuple(sorted(busy)),
            stages=tuple(model.upto(plan, len(rows), stage) for stage in range(len(model.STAGES))),
        )

    def _told(self, tx: Connection, one: Rollout) -> Told:
        fields = msgspec.structs.asdict(one)
        return Told(**fields, counts=records.counts(tx, one.id), steps=model.allowed(one.state))


def _row(entry: Entry, held: Shadow | None, patch: Mapping[str, Any]) -> Row:
    before = held.values if held else {}
    after = shadow.checked(entry.kind, merged(before, patch))
    return Row(device=entry.device, version=held.version if held else 0, changes=changes(before, after))


def _fit(entries: list[Entry], patch: Mapping[str, Any]) -> tuple[list[Entry], list[str]]:
    """Those whose kind has all these keys, and the ids of the others. Raises Refused where none has."""
    fit = [entry for entry in entries if set(patch) <= set(KEYS.get(entry.kind, {}))]
    if entries and not fit:
        shadow.checked(entries[0].kind, {key: value for key, value in patch.items() if value is not None})
        raise Refused("patch", ", ".join(patch), "none of these devices has such keys")
    names = {entry.device for entry in fit}
    return fit, [entry.device for entry in entries if entry.device not in names]


def _turn(rollout: str, device: str) -> bytes:
    """Another order each time: not always the same device is the canary."""
    return hashlib.sha256(f"{rollout}/{device}".encode()).digest()
