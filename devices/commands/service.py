"""The desk's verbs on commands. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, select, tuple_

from city import revisions
from city.audit import Trail
from city.db import Database, notify
from city.identity.caller import SYSTEM, Caller
from city.identity.fields import line
from contracts import commands as contract
from contracts.commands import Standing, Type, What
from contracts.errors import Refused
from contracts.instants import DAY, SECOND
from contracts.roster import Entry
from devices import selector
from devices.commands import records, voice
from devices.commands.errors import Unknown
from devices.commands.model import ANSWER, Filters, Record, State, Told, withdrawn
from devices.commands.roles import permission
from devices.commands.tables import commands
from devices.commands.voice import Voice
from devices.errors import Forbidden
from devices.reach import Reach, mine
from devices.roles import READ
from runtime.clock import Clock
from runtime.ids import Factory

LEAST: Final = 10  # seconds until a command expires
MOST: Final = 30 * DAY // SECOND
LONGEST: Final = 300  # characters of a reason
Place = tuple[int, str]  # (issued, id) of the last command of a page
_WAITS: Final = "it waits until the device is online"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices a bulk would reach."""

    devices: tuple[str, ...]
    left_out: tuple[str, ...]  # those for which the caller may not


class Desk:
    """Issues commands and says where they stand."""

    def __init__(self, db: Database, *, clock: Clock, ids: Factory, trail: Trail, reach: Reach) -> None:
        self.voice = Voice(trail, ids=ids)
        self._db = db
        self._clock = clock
        self._ids = ids
        self._reach = reach

    def issue(
        self, tx: Connection, by: Caller, device: str, what: What, *, why: str, seconds: int = 300
    ) -> Record:
        """Have a device do something within so many seconds. Raises Unknown, Forbidden, Refused."""
        why = self._reason(why, seconds)
        entry = self._reach.one(tx, by, permission(contract.type_of(what)), device)
        unit = self._reach.units(tx, [device]).get(device, "")
        record = self._new(by, entry, what, why, seconds, self._clock.now())
        records.add(tx, [record])
        self.voice.tell(tx, voice.ISSUED, record, unit=unit)
        notify(tx, voice.ASKED)
        return record

    def preview(self, by: Caller, chosen: selector.Selector, type_: Type) -> Preview:
        """Which devices a bulk would reach. Raises Refused."""
        with self._db.read() as tx:
            return self._preview(tx, by, chosen, type_)[1]

    def issue_many(
        self,
        tx: Connection,
        by: Caller,
        chosen: selector.Selector,
        what: What,
        *,
        why: str,
        seconds: int = 300,
    ) -> records.Bulk:
        """The same for all that are chosen. Raises Refused."""
        why = self._reason(why, seconds)
        entries, _ = self._preview(tx, by, chosen, contract.type_of(what))
        if not entries:
            raise Refused("selector", "", "you may not do this to any of these devices")
        bulk, now = self._ids(), self._clock.now()
        units = self._reach.units(tx, [entry.device for entry in entries])
        new = [self._new(by, entry, what, why, seconds, now, bulk=bulk) for entry in entries]
        records.add(tx, new)
        made = records.add_bulk(tx, new[0], msgspec.to_builtins(chosen), len(new))
        for record in new:
            self.voice.tell(tx, voice.ISSUED, record, unit=units.get(record.device, ""))
        notify(tx, voice.ASKED)
        return made

    def withdraw(self, tx: Connection, by: Caller, key: str, *, why: str, seen: int | None = None) -> Record:
        """Take back a command that has not left. Raises Unknown, Forbidden, Refused, Left, Outdated."""
        why = line("why", why, most=LONGEST)
        old = records.find(tx, key, lock=True)
        if old is None:
            raise Unknown("command", key)
        self._may_see(tx, by, old.device)
        unit = self._reach.units(tx, [old.device]).get(old.device, "")
        if not by.may(permission(old.type), unit=unit):
            raise Forbidden(permission(old.type), unit)
        revisions.check("command", key, seen=seen, now=old.revision)
        return self._taken_back(tx, by, old, why, unit)

    def withdraw_many(self, tx: Connection, by: Caller, bulk: str, *, why: str) -> records.Bulk:
        """Take back what has not left of a bulk, for the caller's devices. Raises Unknown, Refused."""
        why = line("why", why, most=LONGEST)
        found = records.bulk(tx, bulk)
        if found is None:
            raise Unknown("bulk", bulk)
        allowed = mine(by, permission(Type(found.type)), commands.c.device)
        queued = (commands.c.bulk == bulk) & (commands.c.state == State.QUEUED)
        old = records.some(tx, queued, *allowed, limit=found.total, lock=True)
        units = self._reach.units(tx, [one.device for one in old])
        for one in old:
            self._taken_back(tx, by, one, why, units.get(one.device, ""))
        return records.bulk(tx, bulk) or found

    def _taken_back(self, tx: Connection, by: Caller, old: Record, why: str, unit: str) -> Record:
        new = withdrawn(old, f"{by.name or by.id} took it back: {why}", self._clock.now())
        records.put(tx, new, source="desk", line=True)
        self.voice.changed(tx, old, new)
        self.voice.taken_back(tx, new, by, why, unit=unit)
        return new

    def get(self, by: Caller, key: str) -> Told:
        """One command with its history. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            found = records.find(tx, key)
            if found is None:
                raise Unknown("command", key)
            self._may_see(tx, by, found.device)
            return Told(**msgspec.structs.asdict(found), history=records.history(tx, key))

    def page(
        self, by: Caller, filters: Filters, *, after: Place | None = None, limit: int = 100
    ) -> list[Record]:
        """Commands about the caller's devices, newest first, after a place."""
        where: list[ColumnElement[bool]] = [*mine(by, READ, commands.c.device)]
        if filters.device:
            where.append(commands.c.device == filters.device)
        if filters.states:
            where.append(commands.c.state.in_(filters.states))
        if filters.type:
            where.append(commands.c.type == filters.type)
        if filters.bulk:
            where.append(commands.c.bulk == filters.bulk)
        if after is not None:
            where.append(tuple_(commands.c.issued, commands.c.id) < tuple_(*after))
        order: Sequence[Any] = (commands.c.issued.desc(), commands.c.id.desc())
        with self._db.read() as tx:
            return records.some(tx, *where, limit=limit, order=order)

    def progress(self, by: Caller, bulk: str) -> records.Bulk:
        """How far a bulk is. Raises Unknown."""
        with self._db.read() as tx:
            found = records.bulk(tx, bulk)
            if found is None:
                raise Unknown("bulk", bulk)
            seen = mine(by, READ, commands.c.device)
            if (
                seen
                and tx.execute(select(commands.c.id).where(commands.c.bulk == bulk, *seen).limit(1)).first()
                is None
            ):
                raise Unknown("bulk", bulk)
        return found

    def _may_see(self, tx: Connection, by: Caller, device: str) -> None:
        units = by.units(READ)
        if units is not None and self._reach.units(tx, [device]).get(device, "") not in units:
            raise Unknown("command", device)

    def _preview(
        self, tx: Connection, by: Caller, chosen: selector.Selector, type_: Type
    ) -> tuple[list[Entry], Preview]:
        found = selector.select(self._reach.roster, chosen)
        allowed, left_out = self._reach.some(tx, by, permission(type_), found)
        devices = tuple(entry.device for entry in allowed)
        return allowed, Preview(devices=devices, left_out=tuple(left_out))

    def _new(
        self, by: Caller, entry: Entry, what: What, why: str, seconds: int, now: int, *, bulk: str = ""
    ) -> Record:
        expires = now + seconds * SECOND
        return Record(
            id=self._ids(),
            device=entry.device,
            site=entry.site,
            kind=entry.kind,
            type=contract.type_of(what),
            arguments=contract.arguments(what),
            by=by.id,
            by_name=by.name,
            why=why,
            bulk=bulk,
            issued=now,
            expires=expires,
            state=State.QUEUED,
            since=now,
            reason=_WAITS,
            deadline=expires + ANSWER,
        )

    def _reason(self, why: str, seconds: int) -> str:
        if not LEAST <= seconds <= MOST:
            raise Refused("seconds", seconds, f"{LEAST} to {MOST}: until then the device may begin it")
        return line("why", why, most=LONGEST)


class ForProgrammes:
    """contracts.commands.Commands: how programmes have devices do something, under their own name."""

    def __init__(self, desk: Desk, db: Database) -> None:
        self._desk = desk
        self._db = db

    def issue(self, device: str, what: What, *, by: str, why: str, seconds: int = 300) -> Standing:
        """Have a device do something within so many seconds. Raises LookupError, Refused."""
        caller = msgspec.structs.replace(SYSTEM, id=by, name=by)
        with self._db.begin() as tx:
            return self._desk.issue(tx, caller, device, what, why=why, seconds=seconds).standing()

    def look(self, command: str) -> Standing:
        """Where one command stands. Raises LookupError."""
        return self._desk.get(SYSTEM, command).standing()
