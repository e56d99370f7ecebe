"""Alerts with everything that an alert's life among people takes, on a clock that the test moves."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from sqlalchemy import select

import city.audit.history
import city.schedule.history
from alerts import records, sweep, wiring
from alerts.check import Good
from alerts.commit import commit
from alerts.means import Means
from alerts.model.lifecycle import Place
from alerts.settings import Settings
from alerts.tables import HISTORY, alerts
from city import history
from city.audit import Trail
from city.db import Database, Lease
from city.identity.caller import SYSTEM, Caller, Kind
from city.outbox import Tail, numbering
from city.schedule import Clocks
from city.schedule import Settings as Pace
from city.schedule.figures import Figures
from city.schedule.firing import Firing
from contracts import judgements
from contracts.alerts import Alert
from contracts.cloudevents import PREFIX
from contracts.instants import SECOND
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from contracts.roster import Entry, Window
from contracts.topics import Kind as DeviceKind
from runtime.calendar import Calendars
from runtime.calendar import Settings as Days
from runtime.clock import Fake
from runtime.ids import Factory

HISTORIES = (history.HISTORY, city.audit.history.HISTORY, city.schedule.history.HISTORY, HISTORY)
SITI = Caller(kind=Kind.PERSON, id="siti", name="Siti", strong=True, reach={})
__all__ = ["HISTORIES", "SITI", "SYSTEM", "Places", "Room"]


class Places:
    """A roster that the test writes."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, device: str, *windows: Window, site: str = "bima") -> None:
        self.entries[device] = Entry(device=device, kind=DeviceKind.KIOSK, site=site, maintenance=windows)

    def get(self, device: str) -> Entry | None:
        return self.entries.get(device)

    def list(self, *, site: str = "", kind: DeviceKind | None = None) -> list[Entry]:
        return [one for one in self.entries.values() if site in ("", one.site) and kind in (None, one.kind)]


class Room:
    """One city's alerts."""

    def __init__(self, db: Database, ids: Factory, clock: Fake | None = None, **settings: Any) -> None:
        self.db = db
        self.ids = ids
        self.clock = clock or Fake()
        self.roster = Places()
        clocks = Clocks(clock=self.clock, calendars=Calendars(Days()))
        self.means = Means(
            settings=Settings(**settings), clocks=clocks, roster=self.roster, trail=Trail(clock=self.clock)
        )
        self.alerts = wiring.wire(db, self.means, clock=self.clock, ids=ids)
        self.desk = self.alerts.desk
        self.silences = self.alerts.silences
        handlers = {one.kind: one for one in self.alerts.handlers}
        figures = Figures(CollectorRegistry())
        self._firing = Firing(db, self.clock, clocks, handlers, figures, Pace())
        self._lease = Lease(db, "outbox", self.clock)
        self._turn = 0

    def judgement(self, verdict: Verdict, device: str, **changes: Any) -> Judgement:
        """What a rule says of a device now; without a device, what presence says of the site."""
        self._turn += 1
        site = changes.get("site", "bima")
        rule = changes.pop("rule", "hot" if device else "presence")
        labels = changes.pop("labels", {"device": device} if device else {"site": site, "scope": "site"})
        fingerprint = judgements.fingerprint(rule, labels)
        fields: dict[str, Any] = {
            "id": f"j{self._turn}",
            "producer": "analytics",
            "verdict": verdict,
            "rule": rule,
            "rule_hash": "hash",
            "fingerprint": fingerprint,
            "site": site,
            "device": device,
            "labels": labels,
            "severity": Severity.MODERATE,
            "title": Text(id="Panas", en="Hot"),
            "time": self.clock.now() + self._turn,
            "judged": self.clock.now() + self._turn,
            "evidence": Evidence(value=float(self._turn)),
        }
        return Judgement(**(fields | changes))

    def take(self, *items: Judgement) -> list[str]:
        """Judgements of one batch."""
        batch = [Good(judgement=item, place=Place.of(item, None)) for item in items]
        return commit(self.db, batch, now=self.clock.now(), ids=self.ids, means=self.means)

    def fire(self, *devices: str, **changes: Any) -> None:
        """Alerts of these devices begin; `""`: of the site."""
        self.take(*(self.judgement(Verdict.RAISED, device, **dict(changes)) for device in devices))

    def clear(self, *devices: str, **changes: Any) -> None:
        """They end."""
        self.take(*(self.judgement(Verdict.CLEARED, device, **dict(changes)) for device in devices))

    def wait(self, seconds: float = 0) -> None:
        """Time goes by, and everything that is due happens."""
        self.clock.advance(seconds)
        while any(self._firing.fire(kind).seen for kind in self._firing.earliest() if self._due(kind)):
            pass

    def _due(self, kind: str) -> bool:
        return self._firing.earliest()[kind] <= self.clock.now()

    def look(self) -> None:
        """What the sweep does."""
        sweep.look(self.db, now=self.clock.now(), ids=self.ids, means=self.means)

    def all(self) -> list[Alert]:
        """Every alert, oldest first."""
        with self.db.read() as tx:
            return records.rows(tx, select(alerts).order_by(alerts.c.id))

    def of(self, device: str) -> Alert:
        """The newest alert of a device."""
        return [one for one in self.all() if one.device == device][-1]

    def told(self, *kinds: str) -> list[tuple[str, str]]:
        """(type, device) of the events so far, of these types or all."""
        assert self._lease.take()
        numbering.number(self.db, self._lease)
        found: list[tuple[str, str]] = []
        place = 0
        while items := Tail(self.db).read(place):
            place = items[-1].position
            found += [
                (item.event.type.removeprefix(PREFIX), str(item.event.data.get("device", "")))
                for item in items
            ]
        return [one for one in found if not kinds or one[0] in kinds]

    def maintain(self, device: str, seconds: float, *, start: float = 0) -> None:
        """Plan work on a device, from now."""
        known = self.roster.entries.get(device)
        begin = self.clock.now() + round(start * SECOND)
        window = Window(start=begin, end=begin + round(seconds * SECOND), reason="ganti layar")
        if known is None:
            self.roster.add(device, window)
        else:
            self.roster.entries[device] = replace(known, maintenance=(*known.maintenance, window))


def devices(count: int) -> Sequence[str]:
    """Names of devices."""
    return [f"kiosk-{number:05}" for number in range(count)]
