"""Apps that use the platform, and the keys by which they come. Calls block: use a thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from city.db import Database
from city.identity import fields, keys, units
from city.identity.caller import EVERYWHERE, Caller
from city.identity.errors import NotNow, Stale, Unknown
from city.identity.keys import Key, Made
from city.identity.notes import Notes
from city.identity.roles import Catalogue
from city.identity.settings import Settings
from city.identity.tables.doors import apps
from contracts.errors import Refused
from contracts.instants import DAY, SECOND
from runtime.clock import Clock
from runtime.ids import Factory

MANAGE: Final = "identity.apps.manage"
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
_OURS: Final = "identity."
_OVERLAP: Final = 30 * DAY  # the longest that an old key works beside its successor
_MOST: Final = 10  # keys of one app that work at once


class App(msgspec.Struct, frozen=True, kw_only=True):
    """A program of somebody's that uses the platform. It may what its grants and its key's scopes say."""

    id: str  # also its `client_id`
    name: str
    unit: str  # that answers for it; empty: the city
    state: str  # active, suspended
    revision: int  # 1, 2, 3 …: the greater one is newer
    created: int  # µs UTC
    updated: int  # µs UTC


class Apps:
    """Adds apps, and makes, rotates and revokes their keys."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        notes: Notes,
        catalogue: Catalogue,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._notes = notes
        self._catalogue = catalogue
        self._settings = settings

    def list(self, by: Caller) -> Sequence[App]:
        """Apps of the units that the caller may manage, by name."""
        query = select(apps).order_by(apps.c.name, apps.c.id)
        reach = by.units(MANAGE)
        if reach is not None:
            query = query.where(apps.c.unit.in_(sorted(reach)))
        with self._db.read() as tx:
            return [App(**row) for row in tx.execute(query).mappings()]

    def get(self, by: Caller, app: str) -> tuple[App, Sequence[Key]]:
        """One app with its keys, newest first. Raises Unknown, Forbidden."""
        with self._db.read() as tx:
            return _find(tx, by, app), keys.of(tx, app)

    def add(self, by: Caller, *, name: str, unit: str = EVERYWHERE) -> App:
        """Add an app. Raises Refused, Unknown, NotNow, Forbidden."""
        fields.need(by, MANAGE, unit)
        now = self._clock.now()
        name = fields.line("name", name)
        new = App(id=self._ids(), name=name, unit=unit, state=ACTIVE, revision=1, created=now, updated=now)
        with self._db.begin() as tx:
            units.there(tx, unit)
            tx.execute(insert(apps).values(**msgspec.structs.asdict(new)))
            self._note(tx, by, "app.added", new, ("name", "unit"))
        return new

    def change(
        self, by: Caller, app: str, revision: int, *, name: str | None = None, suspended: bool | None = None
    ) -> App:
        """Change what is given; a suspended app is refused at once.

        Raises Unknown, Stale, Refused, Forbidden.
        """
        with self._db.begin() as tx:
            old = _find(tx, by, app, lock=True)
            fields.current("app", old.revision, revision)
            wanted: dict[str, Any] = {}
            if name is not None:
                wanted["name"] = fields.line("name", name)
            if suspended is not None:
                wanted["state"] = SUSPENDED if suspended else ACTIVE
            changed = tuple(field for field, value in wanted.items() if getattr(old, field) != value)
            if not changed:
                return old
            new = msgspec.structs.replace(old, revision=revision + 1, updated=self._clock.now(), **wanted)
            mine = (apps.c.id == app) & (apps.c.revision == revision)
            if not tx.execute(update(apps).where(mine).values(**msgspec.structs.asdict(new))).rowcount:
                raise Stale("app", revision, revision + 1)
            self._note(tx, by, "app.changed", new, changed)
        return new

    def make_key(
        self,
        by: Caller,
        app: str,
        *,
        label: str,
        scopes: Iterable[str],
        days: int | None = None,
        per_minute: int | None = None,
        per_day: int | None = None,
    ) -> Made:
        """A key, shown once. Raises Unknown, Refused, NotNow, Forbidden."""
        settings = self._settings
        days = settings.key_days if days is None else days
        if not 1 <= days <= settings.key_days:
            raise Refused("days", days, f"1 to {settings.key_days}")
        now = self._clock.now()
        with self._db.begin() as tx:
            owner = _find(tx, by, app, lock=True)
            if owner.state != ACTIVE:
                raise NotNow("app", owner.state, "it gets no key")
            if sum(key.works(now) for key in keys.of(tx, app)) >= _MOST:
                raise Refused("app", app, f"at most {_MOST} keys that work: revoke one first")
            made = keys.make(
                tx,
                Key(
                    id=self._ids(),
                    app=app,
                    prefix=keys.prefix(),
                    label=fields.line("label", label, most=80),
                    scopes=self._scopes(scopes),
                    per_minute=_count("per_minute", per_minute, settings.per_minute),
                    per_day=_count("per_day", per_day, settings.per_day),
                    made_by=by.id,
                    created=now,
                    expires=now + days * DAY,
                ),
            )
            self._note(tx, by, "key.made", owner, (made.key.prefix, *made.key.scopes))
        return made

    def rotate(self, by: Caller, key: str, *, overlap: float) -> Made:
        """A key in the place of another, which works for `overlap` more seconds; once for each key.

        Raises Unknown, Refused, NotNow, Forbidden.
        """
        span = round(overlap * SECOND)
        if not 0 <= span <= _OVERLAP:
            raise Refused("overlap", overlap, f"0 to {_OVERLAP // SECOND} s")
        now = self._clock.now()
        with self._db.begin() as tx:
            old = keys.find(tx, key)
            owner = _find(tx, by, old.app, lock=True)
            old = keys.find(tx, key)  # once more, now that nobody else changes the app's keys
            if not old.works(now) or old.successor or owner.state != ACTIVE:
                raise NotNow("key", "over", "a key that works is rotated, and once")
            lasts = old.expires - old.created
            new = msgspec.structs.replace(
                old, id=self._ids(), prefix=keys.prefix(), made_by=by.id, created=now, expires=now + lasts
            )
            made = keys.make(tx, msgspec.structs.replace(new, used=None))
            keys.succeed(tx, old, made.key, until=min(old.expires, now + span))
            self._note(tx, by, "key.rotated", owner, (old.prefix, made.key.prefix))
        return made

    def revoke(self, by: Caller, key: str, *, why: str = "") -> None:
        """Refuse a key and its tokens from now on; again changes nothing. Raises Unknown, Forbidden."""
        with self._db.begin() as tx:
            old = keys.find(tx, key)
            owner = _find(tx, by, old.app, lock=True)
            if keys.revoke(tx, key, self._clock.now()):
                self._note(tx, by, "key.revoked", owner, (old.prefix,), why)

    def _scopes(self, scopes: Iterable[str]) -> tuple[str, ...]:
        found = tuple(sorted(set(scopes)))
        if not found:
            raise Refused("scopes", "", "name at least one: a key without any opens nothing")
        for scope in found:
            if scope not in self._catalogue.permissions or scope.startswith(_OURS):
                raise Refused("scopes", scope, "it is no permission that an app can have")
        return found

    def _note(
        self, tx: Connection, by: Caller, action: str, app: App, changed: Sequence[str], why: str = ""
    ) -> None:
        self._notes.note(
            tx, by=by.id, action=action, kind="app", id=app.id, changed=changed, why=why, unit=app.unit
        )


def _find(tx: Connection, by: Caller, app: str, *, lock: bool = False) -> App:
    query = select(apps).where(apps.c.id == app)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise Unknown("app", app)
    fields.need(by, MANAGE, row["unit"])
    return App(**row)


def _count(field: str, wanted: int | None, most: int) -> int:
    if wanted is None:
        return most
    if not 1 <= wanted <= 1_000 * most:
        raise Refused(field, wanted, f"1 to {1_000 * most}")
    return wanted
