"""Drive one consumer along the outbox: in order, with back-off, parking what it cannot take."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import Row, select
from sqlalchemy.exc import DBAPIError

from city.db import Database
from city.db.engines import outage
from city.errors import Later, Unavailable
from city.outbox import letters, progress
from city.outbox.again import Thread, again
from city.outbox.consumers import Consumer, Deliverer, Handler
from city.outbox.events import NUMBERED, subject
from city.outbox.figures import Figures
from city.outbox.letters import Letter, told
from city.outbox.settings import Settings
from city.outbox.tables import outbox
from contracts import cloudevents
from contracts.instants import SECOND
from runtime.clock import Clock

_log: Final = logging.getLogger(__name__)
_IDLE: Final = 5.0  # seconds between looks that no bell asked for
_EVERY: Final = 0.1  # seconds of deliveries that may come again after a kill: the cursor follows that often


class _Stuck(Exception):
    """A consumer failed to take the event of this row."""

    def __init__(self, row: Row[Any], cause: Exception) -> None:
        self.row = row
        self.cause = cause
        super().__init__(row.position)


class Drive:
    """One consumer's way along the outbox."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        consumer: Consumer,
        figures: Figures,
        settings: Settings,
        thread: Thread,
    ) -> None:
        self._db = db
        self._clock = clock
        self._consumer = consumer
        self._figures = figures
        self._settings = settings
        self._thread = thread
        self._at = progress.Cursor(consumer=consumer.name)
        self._away = 0  # times in a row that the world outside was away
        self._turn = asyncio.Lock()  # the consumer takes one thing at a time: an event, or a letter again

    async def run(self) -> None:
        """Take events for ever. Raises LeaseLost where another process moves the cursor."""
        bell = self._db.bell(NUMBERED)
        name = self._consumer.name
        self._at = await self._thread(progress.start, self._db, name, self._clock.now())
        await self._pause()
        scanned = self._at.position  # events up to here are taken or not wanted
        while True:
            seen = bell.count
            try:
                rows = await self._thread(self._read, scanned)
                wanted = [row for row in rows if self._consumer.wants(row.type, probe=row.probe)]
                if wanted:
                    async with self._turn:
                        await self._take(wanted, rows[-1].position)
                    scanned = self._at.position
                elif rows:
                    scanned = rows[-1].position
                    if self._clock.now() - self._at.changed > _IDLE * SECOND:
                        await self._thread(self._move, scanned)
            except Unavailable as error:
                await self._wait_out(error)
                continue
            self._figures.behind.labels(name).set(rows[-1].position - scanned if rows else 0)
            if not rows:
                await bell.wait(seen, _IDLE)

    @property
    def name(self) -> str:
        """Of the consumer."""
        return self._consumer.name

    async def again(self) -> None:
        """Let the consumer take the letters that someone asked for; those it cannot take now wait."""
        async with self._turn:
            try:
                await again(self._db, self._consumer, self._thread)
            except (Unavailable, Later) as error:
                _log.warning("letters of %s wait: %s", self.name, told(error))

    async def _take(self, rows: Sequence[Row[Any]], scanned: int) -> None:
        """Bring the cursor past the first of these events, or further."""
        try:
            if isinstance(self._consumer, Deliverer):
                await self._deliver(self._consumer, rows, scanned)
            else:
                await self._apply(self._consumer, rows, scanned)
            self._away = 0
        except _Stuck as stuck:
            await self._failed(stuck.row, stuck.cause)
        except (Unavailable, Later) as error:
            await self._wait_out(error)

    async def _apply(self, handler: Handler, rows: Sequence[Row[Any]], scanned: int) -> None:
        """All in one transaction; where one fails, those before it in one, and it alone after them."""
        good = rows
        try:
            await self._thread(self._apply_all, handler, rows, scanned)
        except _Stuck as stuck:
            good = rows[: rows.index(stuck.row)]
            if not good:
                raise
            await self._thread(self._apply_all, handler, good, good[-1].position)
        self._count(good)

    def _apply_all(self, handler: Handler, rows: Sequence[Row[Any]], scanned: int) -> None:
        done = self._done(scanned)
        with self._db.begin() as tx:
            for row in rows:
                try:
                    handler.apply(tx, cloudevents.decode(row.event.encode()))
                except Exception as error:  # whatever a consumer's fault is, it must not stop the others
                    if isinstance(error, Unavailable) or (isinstance(error, DBAPIError) and outage(error)):
                        raise
                    raise _Stuck(row, error) from error
            progress.move(tx, self._at, done)
        self._at = done

    async def _deliver(self, deliverer: Deliverer, rows: Sequence[Row[Any]], scanned: int) -> None:
        """One after another; the cursor follows every tenth of a second, and before a wait."""
        done = self._at.position
        kept = self._clock.monotonic()
        try:
            for row in rows:
                await _hand_over(deliverer, row)
                done = scanned if row is rows[-1] else row.position
                self._count([row])
                if self._clock.monotonic() - kept > _EVERY:
                    await self._thread(self._move, done)
                    kept = self._clock.monotonic()
        except Exception:
            await self._follow(done)
            raise
        await self._follow(done)

    async def _follow(self, done: int) -> None:
        if done != self._at.position:
            await self._thread(self._move, done)

    async def _failed(self, row: Row[Any], cause: Exception) -> None:
        """Try again later, or park the event."""
        attempts = self._at.attempts + 1
        self._figures.failed.labels(self._consumer.name).inc()
        parks = attempts >= self._consumer.attempts
        delay = 0.0 if parks else self._settings.delay(attempts)
        tried = replace(
            self._at,
            attempts=attempts,
            not_before=self._clock.now() + round(delay * SECOND),
            last_error=told(cause),
            changed=self._clock.now(),
        )
        _log.warning(
            "%s failed to take event %d (%s), attempt %d of %d: %s",
            self._consumer.name,
            row.position,
            row.type,
            attempts,
            self._consumer.attempts,
            tried.last_error,
            exc_info=cause if parks else None,
        )
        await self._thread(self._park if parks else self._note, row, tried)
        if parks:
            self._figures.parked.labels(self._consumer.name).inc()
        await asyncio.sleep(delay)

    def _park(self, row: Row[Any], tried: progress.Cursor) -> None:
        done = replace(self._done(row.position), last_error=tried.last_error)
        with self._db.begin() as tx:
            letter = Letter(
                consumer=self.name,
                position=row.position,
                type=row.type,
                subject=subject(row.event),
                event=row.event,
                attempts=tried.attempts,
                error=tried.last_error,
                parked=tried.changed,
            )
            letters.park(tx, letter)
            progress.move(tx, self._at, done)
        self._at = done

    def _note(self, _row: Row[Any], tried: progress.Cursor) -> None:
        with self._db.begin() as tx:
            progress.move(tx, self._at, tried)
        self._at = tried

    async def _wait_out(self, error: Unavailable | Later) -> None:
        """The database or the world outside is away: that is no fault of the event."""
        self._away += 1
        if self._away == 1:
            _log.warning("%s waits: %s", self._consumer.name, told(error))
        delay = error.after if isinstance(error, Later) and error.after is not None else None
        await asyncio.sleep(self._settings.delay(self._away) if delay is None else delay)

    def _move(self, position: int) -> None:
        done = self._done(position)
        with self._db.begin() as tx:
            progress.move(tx, self._at, done)
        self._at = done

    def _done(self, position: int) -> progress.Cursor:
        return progress.Cursor(consumer=self._consumer.name, position=position, changed=self._clock.now())

    def _read(self, after: int) -> Sequence[Row[Any]]:
        query = select(outbox).where(outbox.c.position > after).order_by(outbox.c.position)
        with self._db.read() as tx:
            return tx.execute(query.limit(self._settings.batch)).all()

    async def _pause(self) -> None:
        """What was to wait before a restart still waits, at most the longest delay."""
        left = (self._at.not_before - self._clock.now()) / SECOND
        await asyncio.sleep(max(0.0, min(left, self._settings.most_delay)))

    def _count(self, rows: Sequence[Row[Any]]) -> None:
        name = self._consumer.name
        now = self._clock.now()
        self._figures.taken.labels(name).inc(len(rows))
        for row in rows:
            self._figures.delay.labels(name).observe(max(0, now - row.created) / SECOND)


async def _hand_over(deliverer: Deliverer, row: Row[Any]) -> None:
    try:
        async with asyncio.timeout(deliverer.limit):
            await deliverer.deliver(cloudevents.decode(row.event.encode()))
    except (Later, Unavailable):
        raise
    except Exception as error:  # whatever a consumer's fault is, it must not stop the others
        raise _Stuck(row, error) from error
