"""Silences as people make, preview and end them. Verbs take part in the caller's transaction."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, select

from alerts import records as kept
from alerts.errors import Lapsed
from alerts.means import Means
from alerts.quiet import ending, reach, records
from alerts.quiet.ending import BEGIN, CLOCK, END
from alerts.quiet.matchers import OWN, hold
from alerts.quiet.model import Plan, Silence, State
from alerts.tables import alerts, open_
from alerts.ward import Ward
from city import revisions
from city.audit import Entry
from city.db import Database
from city.identity.caller import Caller
from city.schedule import Clock, Fired
from contracts.alerts import Alert
from contracts.errors import Refused
from runtime.clock import Clock as Time
from runtime.ids import Factory

SHOWN: Final = 20  # alerts of a preview that are shown one by one
_BY_CLOCK: Final = "/clock"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a silence would hold back now."""

    count: int
    told: int  # of these, people know already
    sites: dict[str, int]  # how many of each
    rules: dict[str, int]
    alerts: list[Alert]  # the newest


class Silences:
    """Silences on the city's database."""

    def __init__(self, db: Database, *, clock: Time, ids: Factory, means: Means) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._means = means

    def page(self, *, states: tuple[State, ...] = (), after: str = "", limit: int = 100) -> list[Silence]:
        """Newest first, after one."""
        with self._db.read() as tx:
            return records.page(tx, states=states, now=self._clock.now(), after=after, limit=limit)

    def get(self, silence: str) -> Silence:
        """One silence. Raises NoSilence."""
        with self._db.read() as tx:
            return records.get(tx, silence)

    def now(self) -> int:
        """µs UTC."""
        return self._clock.now()

    def state(self, silence: Silence) -> State:
        """Where it stands now."""
        return silence.standing(self._clock.now())

    def preview(self, plan: Plan) -> Preview:
        """What it would hold back if it began now. Raises Refused."""
        plan.checked(self._clock.now())
        with self._db.read() as tx:
            found = self._matched(tx, plan)
            newest = alerts.c.id.in_([one.id for one in found[:SHOWN]])
            shown = kept.rows(tx, select(alerts).where(newest).order_by(alerts.c.id.desc()))
        sites: dict[str, int] = {}
        rules: dict[str, int] = {}
        for one in found:
            sites[one.site] = sites.get(one.site, 0) + 1
            rules[one.rule] = rules.get(one.rule, 0) + 1
        told = sum(one.told is not None for one in found)
        return Preview(count=len(found), told=told, sites=sites, rules=rules, alerts=shown)

    def add(self, tx: Connection, caller: Caller, plan: Plan) -> Silence:
        """Make one. Raises Refused."""
        now = self._clock.now()
        plan = plan.checked(now)
        ward = Ward(tx, now=now, ids=self._ids, means=self._means)
        if len(records.living(tx, now)) >= records.MOST:
            raise Refused("silences", records.MOST, "so many are planned or active: end some first")
        if plan.until_resolved and not self._matched(tx, plan):
            raise Refused("until_resolved", True, "nothing that fires is matched: say when it ends instead")
        new = Silence(
            **msgspec.structs.asdict(plan),
            id=self._ids(),
            revision=1,
            by=caller.name,
            created=now,
            updated=now,
        )
        records.put(tx, new)
        self._note(tx, caller, "created", new)
        ending.tell(tx, "silence.created", new, self._ids)
        self._wind(tx, new, now)
        self._reach(ward, new, now)
        return new

    def change(
        self, tx: Connection, caller: Caller, silence: str, plan: Plan, *, seen: int | None
    ) -> Silence:
        """Put another plan in place of what it was. Raises NoSilence, Lapsed, Outdated, Refused."""
        now = self._clock.now()
        ward = Ward(tx, now=now, ids=self._ids, means=self._means)
        known = self._standing(tx, silence, now, seen)
        if plan.matchers != known.matchers:
            raise Refused("matchers", "others", "end this one and make another: its history stays true so")
        begun = known.standing(now) is State.ACTIVE
        plan = replace(plan.checked(now), **({"starts": known.starts} if begun else {}))
        fields = msgspec.structs.asdict(plan)
        new = replace(known, **fields, revision=known.revision + 1, updated=max(now, known.updated))
        records.put(tx, new)
        self._note(tx, caller, "changed", new)
        ending.tell(tx, "silence.changed", new, self._ids)
        self._wind(tx, new, now)
        self._reach(ward, new, now)
        return new

    def end(
        self, tx: Connection, caller: Caller, silence: str, *, reason: str = "", seen: int | None
    ) -> Silence:
        """End one before its time: those who were not told of what fires are now. Raises as change does."""
        now = self._clock.now()
        ward = Ward(tx, now=now, ids=self._ids, means=self._means)
        known = self._standing(tx, silence, now, seen)
        over = ending.end(tx, known, by=caller.name, now=now, ids=self._ids, clocks=self._means.clocks)
        self._note(tx, caller, "ended", over, why=reason)
        ward.tend("silence", over.id)
        ward.close()
        return over

    def fire(self, tx: Connection, fired: Fired) -> None:
        """A clock of a silence: it begins, or its time is over."""
        ward = Ward(tx, now=fired.now, ids=self._ids, means=self._means)
        known = records.get(tx, str(fired.payload["silence"]), lock=True)
        if known.ended is not None:
            return
        if known.ends <= fired.now:
            ending.end(tx, known, by=_BY_CLOCK, now=fired.now, ids=self._ids, clocks=self._means.clocks)
        elif known.starts > fired.now:
            return
        ward.tend("silence", known.id)
        ward.close()

    def _standing(self, tx: Connection, silence: str, now: int, seen: int | None) -> Silence:
        known = records.get(tx, silence, lock=True)
        revisions.check("silence", silence, seen=seen, now=known.revision)
        if known.standing(now) is State.EXPIRED:
            raise Lapsed(silence)
        return known

    def _wind(self, tx: Connection, of: Silence, now: int) -> None:
        """Set the clocks of its begin and its end."""
        if self._means.clocks is None:
            return
        dues = {BEGIN: of.starts, END: of.ends} if of.starts > now else {END: of.ends}
        for stage, due in dues.items():
            payload = {"silence": of.id}
            self._means.clocks.set(
                tx, Clock(kind=CLOCK, key=f"{of.id}/{stage}", due=due, payload=dict(payload))
            )

    def _reach(self, ward: Ward, of: Silence, now: int) -> None:
        if of.standing(now) is State.ACTIVE:
            ward.tend("silence", of.id)
        ward.close()

    def _matched(self, tx: Connection, plan: Plan) -> list[Row[Any]]:
        """What fires and is matched, newest first: its id, when it was told, what matchers see."""
        columns = (alerts.c.id, alerts.c.told, alerts.c.labels, *(alerts.c[name] for name in OWN))
        query = select(*columns).where(open_, alerts.c.state == "firing", reach.exactly(plan.matchers))
        found = tx.execute(query.order_by(alerts.c.id.desc()))
        own = len(columns) - len(OWN)
        return [
            row for row in found if hold(plan.matchers, row.labels | dict(zip(OWN, row[own:], strict=True)))
        ]

    def _note(self, tx: Connection, caller: Caller, action: str, of: Silence, *, why: str = "") -> None:
        if self._means.trail is not None:
            entry = Entry(
                by=caller.id, action=action, kind="alerts.silence", record=of.id, why=why or of.reason
            )
            self._means.trail.note(tx, entry)
