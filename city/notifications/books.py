"""What became of deliveries, written down; and dead letters, which someone may have sent again."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, delete, select, update

from city.db import Database
from city.notifications.asking import KIND
from city.notifications.attempt import Job, Outcome, Put, Refused, Sent
from city.notifications.figures import Figures
from city.notifications.model import Channel, State
from city.notifications.plan import Planner
from city.notifications.settings import Settings
from city.notifications.tables import deliveries, notices
from city.outbox import backoff, letters
from city.outbox.letters import Letter
from city.privacy import Vault
from contracts.instants import DAY, SECOND
from runtime.clock import Clock

SOON = 3  # attempts after which the next channel has its turn, where one is enough
_AT_ONCE = 200  # notices deleted in one transaction, so that no writer waits long


class Books:
    """Writes down. Calls block: use a thread."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        planner: Planner,
        figures: Figures,
        settings: Settings,
        vault: Vault | None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._planner = planner
        self._figures = figures
        self._settings = settings
        self._vault = vault

    def plan(self, limit: int) -> int:
        """Make deliveries of notices that have none; how many notices."""
        with self._db.read() as tx:
            if not self._planner.due(tx, 1):
                return 0
        with self._db.begin() as tx:
            rows = self._planner.due(tx, limit)
            for row in rows:
                self._planner.plan(tx, row)
        return len(rows)

    def due(self, channel: Channel, limit: int, busy: Collection[int]) -> list[int]:
        """Deliveries of a channel that may go now and are not under way, oldest first."""
        query = (
            select(deliveries.c.id)
            .where(deliveries.c.channel == channel, deliveries.c.wake <= self._clock.now())
            .order_by(deliveries.c.wake)
            .limit(limit + len(busy))
        )
        with self._db.read() as tx:
            return [id_ for id_ in tx.execute(query).scalars() if id_ not in busy][:limit]

    def settle(self, delivery: int, job: Job | None, outcome: Outcome) -> None:
        """Write down what became of one that was queued; a second word on the same changes nothing."""
        now = self._clock.now()
        dead = False
        with self._db.begin() as tx:
            match outcome:
                case Sent(provider=provider, gone=gone):
                    self._set(
                        tx, delivery, state=State.SENT, wake=None, sent=now, provider=provider, error=""
                    )
                    self._planner.subscriptions.gone(tx, gone)
                case Put(until=until) if until is not None:
                    self._set(tx, delivery, wake=until)
                case Put(reason=reason):
                    self._set(tx, delivery, state=State.SKIPPED, wake=None, error=reason)
                case Refused():
                    dead = self._refused(tx, delivery, outcome)
        self._count(job, outcome, now, dead=dead)

    def again(self, channel: Channel) -> int:
        """Queue what someone wants sent again; how many."""
        with self._db.begin() as tx:
            found = letters.asked(tx, consumer(channel))
            for letter in found:
                mine = (deliveries.c.id == letter.position) & (deliveries.c.state == State.FAILED)
                values = {"state": State.QUEUED, "wake": self._clock.now(), "attempts": 0}
                tx.execute(update(deliveries).where(mine).values(**values))
                letters.done(tx, letter)
        return len(found)

    def asked(self) -> list[str]:
        """Consumers whose letters someone wants taken again."""
        with self._db.read() as tx:
            return letters.waiting(tx)

    def sweep(self) -> int:
        """Delete notices that are older than they are kept; how many."""
        before = self._clock.now() - self._settings.keep_days * DAY
        gone = 0
        old = select(notices.c.id, notices.c.private).where(notices.c.asked < before).limit(_AT_ONCE)
        while True:
            with self._db.begin() as tx:
                rows = tx.execute(old).all()
                for row in rows:
                    if row.private and self._vault is not None:
                        self._vault.forget(tx, KIND, row.id)
                tx.execute(delete(notices).where(notices.c.id.in_([row.id for row in rows])))
            gone += len(rows)
            if len(rows) < _AT_ONCE:
                return gone

    def _refused(self, tx: Connection, delivery: int, refused: Refused) -> bool:
        """Later again, on the next channel, or given up; whether it is that."""
        self._planner.subscriptions.gone(tx, refused.gone)
        row = tx.execute(
            select(deliveries).where(deliveries.c.id == delivery).with_for_update()
        ).one_or_none()
        if row is None or row.state != State.QUEUED:
            return False
        attempts = row.attempts + 1
        notice = tx.execute(select(notices).where(notices.c.id == row.notice)).one()
        channel = Channel(row.channel)
        most = SOON if self._planner.further(notice, channel) else self._settings.attempts
        told = {"attempts": attempts, "provider": refused.provider, "error": refused.reason}
        if not refused.for_good and attempts < most:
            wait = backoff.delay(attempts, first=self._settings.first_delay, most=self._settings.most_delay)
            wake = self._clock.now() + round(max(wait, refused.after or 0.0) * SECOND)
            self._set(tx, delivery, wake=wake, **told)
            return False
        self._set(tx, delivery, state=State.FAILED, wake=None, **told)
        if self._planner.fall_back(tx, notice, channel):
            return False
        letter = Letter(
            consumer=consumer(channel),
            position=delivery,
            type=notice.template,
            subject=notice.id,
            event=msgspec.json.encode({"notice": notice.id, "person": notice.person}).decode(),
            attempts=attempts,
            error=refused.reason,
            parked=self._clock.now(),
        )
        letters.park(tx, letter)
        return True

    def _set(self, tx: Connection, delivery: int, **values: object) -> None:
        queued = (deliveries.c.id == delivery) & (deliveries.c.state == State.QUEUED)
        tx.execute(update(deliveries).where(queued).values(changed=self._clock.now(), **values))

    def _count(self, job: Job | None, outcome: Outcome, now: int, *, dead: bool) -> None:
        if job is None:
            return
        if isinstance(outcome, Sent):
            self._figures.delay.labels(job.channel).observe(max(0, now - job.wake) / SECOND)
        elif dead:
            self._figures.dead.labels(job.channel).inc()


def consumer(channel: Channel) -> str:
    """Under which name a channel's dead letters lie."""
    return f"notices.{channel}"
