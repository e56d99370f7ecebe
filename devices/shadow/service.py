"""The desk's verbs on shadows. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection

from city import outbox, revisions
from city.audit import Entry as Noted
from city.audit import Trail
from city.db import Database
from city.identity.caller import Caller
from city.identity.fields import line
from contracts import shadow
from contracts.roster import Entry
from contracts.settables import Value
from contracts.shadow import Reported
from devices.reach import Reach, mine
from devices.roles import READ
from devices.shadow import model, records
from devices.shadow.errors import NoVersion
from devices.shadow.model import HEALED, PERSON, Change, Shadow, Told, Version
from devices.shadow.roles import WRITE
from devices.shadow.tables import shadows
from runtime.clock import Clock
from runtime.ids import Factory

CHANGED: Final = "shadow.changed"
REPORTED: Final = "shadow.reported"
ALL: Final = "shadow.*"
LONGEST: Final = 300  # characters of a reason
_KIND: Final = "devices.shadow"
_BELIEVED: Final = 2**30  # no desk has counted so far: a device that says so is wrong


class Shadows:
    """What devices should be like and what they are like."""

    def __init__(self, db: Database, *, clock: Clock, ids: Factory, trail: Trail, reach: Reach) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._trail = trail
        self._reach = reach

    def get(self, by: Caller, device: str) -> Told:
        """One device's shadow with what differs. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            entry = self._reach.one(tx, by, READ, device)
            return self._told(records.find(tx, device) or model.new(entry))

    def page(
        self, by: Caller, *, settled: bool | None = None, after: str = "", limit: int = 100
    ) -> list[Told]:
        """Shadows of the caller's devices in order of their ids."""
        where: list[ColumnElement[bool]] = [*mine(by, READ, shadows.c.device)]
        if settled is not None:
            where.append(shadows.c.settled.is_(settled))
        with self._db.read() as tx:
            return [self._told(one) for one in records.some(tx, *where, after=after, limit=limit)]

    def history(
        self, by: Caller, device: str, *, before: int | None = None, limit: int = 50
    ) -> list[Version]:
        """What was desired of a device, newest first. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            self._reach.one(tx, by, READ, device)
            return records.history(tx, device, before=before, limit=limit)

    def diff(self, by: Caller, device: str, before: int, after: int) -> tuple[Change, ...]:
        """What differs between two versions; 0 is nothing. Raises Unknown, Forbidden, NoVersion."""
        with self._db.read() as tx:
            self._reach.one(tx, by, READ, device)
            return model.changes(self._version(tx, device, before), self._version(tx, device, after))

    def change(
        self,
        tx: Connection,
        by: Caller,
        device: str,
        patch: Mapping[str, Any],
        *,
        why: str,
        seen: int | None,
    ) -> Told:
        """Desire these values; null takes a key away. `seen`: the version that he has before him.

        Raises Unknown, Forbidden, Refused, Outdated.
        """
        entry = self._reach.one(tx, by, WRITE, device)
        old = records.held(tx, self._db, entry)
        revisions.check("shadow", device, seen=seen, now=old.version)
        values = shadow.checked(entry.kind, model.merged(old.values, patch))
        return self._told(self.wish(tx, old, values, by=by, why=why))

    def restore(
        self, tx: Connection, by: Caller, device: str, version: int, *, why: str, seen: int | None
    ) -> Told:
        """Desire again what a version said. Raises as `change`, and NoVersion."""
        entry = self._reach.one(tx, by, WRITE, device)
        old = records.held(tx, self._db, entry)
        revisions.check("shadow", device, seen=seen, now=old.version)
        values = self._version(tx, device, version)
        return self._told(self.wish(tx, old, values, by=by, why=why))

    def held(self, tx: Connection, entry: Entry) -> Shadow:
        """A shadow locked for a change, made where there is none."""
        return records.held(tx, self._db, entry)

    def find(self, tx: Connection, device: str) -> Shadow | None:
        """A shadow as it is, or None."""
        return records.find(tx, device)

    def some(self, tx: Connection, devices: Sequence[str]) -> dict[str, Shadow]:
        """Device → its shadow, of those that have one."""
        return records.of(tx, devices)

    def wish(
        self,
        tx: Connection,
        old: Shadow,
        values: dict[str, Value],
        *,
        by: Caller,
        why: str,
        source: str = PERSON,
    ) -> Shadow:
        """Desire these values of a shadow that is held; the same again is no new version. Raises Refused."""
        why = line("why", why, most=LONGEST)
        changed = model.changes(old.values, values)
        if not changed:
            return old
        new = model.wished(old, values, self._clock.now(), by=by.id, by_name=by.name, why=why)
        shadow.encode(new.desired())  # it must be able to travel
        self._keep(tx, new, source)
        unit = self._reach.units(tx, [new.device]).get(new.device, "")
        self._trail.note(
            tx,
            Noted(
                by=by.id,
                action="changed",
                kind=_KIND,
                record=new.device,
                fields=tuple(one.key for one in changed),
                why=why,
                unit=unit,
            ),
        )
        return new

    def hear(self, tx: Connection, entry: Entry, reported: Reported, now: int) -> None:
        """Keep what a device reports; a version that it has and we have not makes ours the next one."""
        old = records.held(tx, self._db, entry)
        new = model.heard(old, reported, now)
        if new is None:
            return
        if new.version < reported.version < _BELIEVED:  # our database is older than the device's memory
            new = msgspec.structs.replace(
                new, version=reported.version + 1, changed=now, by="system", by_name="", why=HEALED
            )
            self._keep(tx, new, HEALED)
        else:
            records.put(tx, new)
        if _gist(old) != _gist(new):
            self._tell(tx, REPORTED, new, now)

    def _keep(self, tx: Connection, new: Shadow, source: str) -> None:
        records.put(tx, new)
        records.keep(tx, new, source)
        self._tell(tx, CHANGED, new, new.changed)

    def _tell(self, tx: Connection, kind: str, new: Shadow, time: int) -> None:
        data = {
            "device": new.device,
            "site": new.site,
            "version": new.version,
            "seen": new.reported.version if new.reported else 0,
            "settled": new.settled,
            "differences": [one.key for one in new.delta(time)],
        }
        event = outbox.event(
            kind, id=self._ids(), source="/devices/shadow", subject=new.device, time=time, data=data
        )
        outbox.append(tx, event)

    def _version(self, tx: Connection, device: str, version: int) -> dict[str, Value]:
        if version == 0:
            return {}
        found = records.version(tx, device, version)
        if found is None:
            raise NoVersion(device, version)
        return found.values

    def _told(self, one: Shadow) -> Told:
        return Told(**msgspec.structs.asdict(one), differences=one.delta(self._clock.now()))


def _gist(of: Shadow) -> tuple[object, ...]:
    """What others want to hear of a report."""
    seen, refused = (of.reported.version, of.reported.refused) if of.reported else (-1, {})
    return seen, sorted(refused), of.settled
