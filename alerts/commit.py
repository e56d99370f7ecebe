"""Write a batch of messages in one transaction: judgements, their outcomes and events, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from alerts import records
from alerts.check import LARGEST, Good
from alerts.means import BARE, Means
from alerts.model import lifecycle
from alerts.model.lifecycle import Outcome, Place, Step
from alerts.rulebook.standing import Trials
from alerts.settings import Flap
from alerts.tables import alerts, judgements, marks, open_, refused
from alerts.ward import Ward
from city.db import Database, new_or_nothing
from contracts.alerts import Alert
from contracts.errors import Refused
from contracts.instants import SECOND
from runtime.ids import Factory
from runtime.logs import clean

_PLACE: Final = Place.__struct_fields__
_MOST_OPENED: Final = 100  # beginnings of alerts of one fingerprint that are remembered


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was refused, kept as it came."""

    topic: str
    properties: dict[str, str]
    payload: bytes
    reason: Refused


Parcel = Good | Bad


def commit(
    db: Database,
    batch: Sequence[Parcel],
    *,
    now: int,
    ids: Factory,
    hold: int = 0,
    means: Means = BARE,
) -> list[str]:
    """Take each message of a batch or none; what came of each. Raises city.errors.Unavailable."""
    good = [item for item in batch if isinstance(item, Good)]
    with db.begin() as tx:
        bench = Bench(db, tx, good, now=now, ids=ids, hold=hold, means=means)
        outcomes = [
            bench.take(item) if isinstance(item, Good) else _bury(tx, item, now, ids) for item in batch
        ]
        bench.close()
    return outcomes


class Bench:
    """The alerts that one batch is about, held until its transaction ends."""

    def __init__(
        self,
        db: Database,
        tx: Connection,
        batch: Sequence[Good],
        *,
        now: int,
        ids: Factory,
        hold: int,
        means: Means = BARE,
    ) -> None:
        self._tx = tx
        self._now = now
        self._ids = ids
        self._hold = hold
        self._ward = Ward(tx, now=now, ids=ids, means=means)
        told = [item.judgement for item in batch]
        self._trials = Trials(tx, told, now=now) if means.rulebook else None
        fingerprints = sorted({item.judgement.fingerprint for item in batch if not item.judgement.probe})
        # Without clocks nothing would end what is held.
        self._flap = means.settings.flap if means.clocks is not None else Flap(most=0)
        self._opened: dict[str, list[int]] = {}
        self._places: dict[str, Place | None] = dict.fromkeys(fingerprints)
        self._open: dict[str, Alert] = {}
        self._known: set[str] = set()
        if fingerprints:
            self._hold_marks(db, fingerprints)
            query = select(alerts).where(open_, alerts.c.fingerprint.in_(fingerprints)).with_for_update()
            self._open = {alert.fingerprint: alert for alert in records.rows(tx, query)}
        if batch:
            taken = select(judgements.c.id).where(judgements.c.id.in_([item.judgement.id for item in batch]))
            self._known = set(tx.execute(taken).scalars())
        self._taken: list[dict[str, object]] = []
        self._moved: set[str] = set()

    def _hold_marks(self, db: Database, fingerprints: list[str]) -> None:
        """One row a fingerprint serialises who judges it, alert or not; sorted against deadlocks."""
        fresh = asdict(Place(judged=0, time=0)) | {"touched": self._now}
        values = [{"fingerprint": fingerprint} | fresh for fingerprint in fingerprints]
        self._tx.execute(new_or_nothing(db, marks), values)
        held = select(marks).where(marks.c.fingerprint.in_(fingerprints)).order_by(marks.c.fingerprint)
        for row in self._tx.execute(held.with_for_update()):
            self._places[row.fingerprint] = _place(row)
            since = self._now - round(self._flap.span * SECOND)
            self._opened[row.fingerprint] = [time for time in row.opened or () if time > since]

    def take(self, item: Good) -> str:
        """Apply one judgement."""
        judgement = item.judgement
        if judgement.id in self._known:
            return Outcome.DUPLICATE
        fingerprint = judgement.fingerprint
        before = None if judgement.probe else self._open.get(fingerprint)
        step = lifecycle.judge(
            before,
            None if judgement.probe else self._places[fingerprint],
            judgement,
            item.place,
            now=self._now,
            ids=self._ids,
            hold=self._hold,
            flaps=not judgement.probe and self._flaps(fingerprint),
        )
        if self._trials is not None:
            step = self._trials.sift(judgement, step)
        step = self._ward.keep(step, before=before, by=judgement.producer)
        self._note(item, step)
        return step.outcome

    def _flaps(self, fingerprint: str) -> bool:
        """Whether an alert of it began so often of late that the next one is held."""
        opened = self._opened.get(fingerprint, [])
        return 0 < self._flap.most <= len(opened)

    def _note(self, item: Good, step: Step) -> None:
        judgement = item.judgement
        fingerprint = judgement.fingerprint
        about = step.alert or (None if judgement.probe else self._open.get(fingerprint))
        self._known.add(judgement.id)
        self._taken.append(
            {
                "id": judgement.id,
                "alert": about.id if about else "",
                "outcome": step.outcome,
                "received": self._now,
                "probe": judgement.probe,
            }
        )
        if judgement.probe or step.outcome is Outcome.LATE:
            return
        self._places[fingerprint] = item.place
        self._moved.add(fingerprint)
        if step.alert is not None and fingerprint not in self._open:
            self._opened.setdefault(fingerprint, []).append(self._now)
        if step.alert is not None and step.alert.resolved is None:
            self._open[fingerprint] = step.alert
        elif step.alert is not None:
            self._open.pop(fingerprint, None)

    def close(self) -> None:
        """Write which judgements were taken, how far each fingerprint has come, and what follows."""
        self._ward.close()
        if self._trials is not None:
            self._trials.close()
        if self._taken:
            self._tx.execute(insert(judgements), self._taken)
        places = [(fingerprint, self._places[fingerprint]) for fingerprint in sorted(self._moved)]
        moved = [
            {"of": name, "touched": self._now, "opened": self._opened.get(name, [])[-_MOST_OPENED:]}
            | asdict(place)
            for name, place in places
            if place
        ]
        if moved:
            self._tx.execute(update(marks).where(marks.c.fingerprint == bindparam("of")), moved)


def _place(row: Row[Any]) -> Place | None:
    """Place in a mark; None where nothing was applied yet."""
    place = Place(**{field: getattr(row, field) for field in _PLACE})
    return place if place.judged else None


def _bury(tx: Connection, item: Bad, now: int, ids: Factory) -> str:
    tx.execute(
        insert(refused).values(
            id=ids(),
            received=now,
            topic=clean(item.topic, 300),
            properties={clean(key, 100): clean(value, 300) for key, value in item.properties.items()},
            payload=item.payload[:LARGEST],
            field=clean(item.reason.field, 120),
            value=clean(item.reason.value, 200),
            reason=clean(item.reason.reason, 1_000),
        )
    )
    return "refused"
