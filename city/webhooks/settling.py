"""What follows from an answer: done, tried again, kept as a dead letter, or the receiver given up."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import Connection

from city import outbox
from city.outbox import backoff, letters
from city.outbox.letters import Letter
from city.webhooks import records
from city.webhooks.base import Base
from city.webhooks.errors import Unknown
from city.webhooks.model import DISABLED, Place, State, Subscription, consumer
from city.webhooks.verdicts import Verdict
from city.webhooks.window import Item
from contracts.cloudevents import CloudEvent
from contracts.instants import HOUR, SECOND
from runtime.logs import clean

_log: Final = logging.getLogger(__name__)
_ERROR: Final = 500  # characters


class Health:
    """How one receiver fares, and what that means for its next event."""

    def __init__(self, base: Base, subscription: Subscription, place: Place) -> None:
        now = base.clock.now()
        left = min((place.not_before - now) / SECOND, base.settings.most_asked)
        self.disabled = False
        self.streak = place.streak  # failures of the receiver since its last success
        self.not_before = base.clock.monotonic() + max(0.0, left)  # monotonic seconds
        self.gap = (place.gap_after, place.gap_until)
        self.changed = False  # since the place was last made
        self._base = base
        self._subscription = subscription
        self._first = place
        self._asked = 0.0  # monotonic seconds until which the receiver asked to be left alone
        self._successes = 0  # since this process began
        self._until = place.not_before  # µs UTC
        self._failing = place.failing
        self._error = place.error
        self._status = place.status
        self._succeeded = place.succeeded

    def place(self, position: int) -> Place:
        """All that is to be kept."""
        self.changed = False
        after, until = self.gap
        return Place(
            webhook=self._first.webhook,
            epoch=self._first.epoch,
            position=position,
            delivered=self._first.delivered + self._successes,
            streak=self.streak,
            failing=self._failing,
            not_before=self._until,
            error=self._error,
            status=self._status,
            succeeded=self._succeeded,
            gap_after=after,
            gap_until=until,
            changed=self._base.clock.now(),
        )

    async def settle(self, item: Item, verdict: Verdict, *, status: int, why: str, retry_after: str) -> bool:
        """Whether the item is done with. Raises LeaseLost."""
        self._base.figures.attempts.labels(verdict).inc()
        self._status = status
        self.changed = True
        if verdict is Verdict.TAKEN:
            await self._taken(item)
            return True
        now = self._base.clock.now()
        self._failing = self._failing or now
        self._error = clean(why, _ERROR)
        if verdict is Verdict.GONE:
            await self._disable("the receiver answered 410: it wants nothing any more")
            return False
        if verdict is not Verdict.REFUSED:
            self._back_off(retry_after, now)
        if await self._strike(item, verdict, why):
            return True
        if now - self._failing > self._base.settings.give_up * SECOND:
            await self._disable(f"nothing was taken for {_span(now - self._failing)}: {why}")
        return False

    async def _taken(self, item: Item) -> None:
        base = self._base
        now = base.clock.now()
        self.streak = 0
        if self.not_before > self._asked:  # what it asked for holds, also where it takes what was under way
            self.not_before = 0.0
            self._until = 0
        self._failing = None
        self._error = ""
        self._succeeded = now
        self._successes += 1
        if item.letter is not None:
            await base.write(letters.done, item.letter)
        else:
            base.figures.delay.observe(max(0, now - item.event.created) / SECOND)

    def _back_off(self, retry_after: str, now: int) -> None:
        """Leave the receiver alone for a while, as long as it asked for or longer at each failure."""
        settings = self._base.settings
        moment = self._base.clock.monotonic()
        asked = min(backoff.retry_after(retry_after, now) or 0.0, settings.most_asked)
        wait = self.not_before - moment
        if wait <= 0:  # the others that were under way tell of the same failure
            self.streak += 1
            wait = backoff.delay(self.streak, first=settings.first_delay, most=settings.most_delay)
        if asked > wait:
            wait = asked
            self._asked = moment + asked
        self.not_before = moment + wait
        self._until = now + round(wait * SECOND)
        if self.streak == 1:
            _log.info("webhook %s waits: %s", self._subscription.id, self._error)

    async def _strike(self, item: Item, verdict: Verdict, why: str) -> bool:
        """Whether the item was tried often enough, so that it is kept as a dead letter."""
        settings = self._base.settings
        if verdict is Verdict.REFUSED or (verdict is Verdict.FAULT and self._successes > item.seen):
            item.strikes += 1
        item.seen = self._successes
        wait = backoff.delay(item.strikes, first=settings.first_delay, most=settings.most_delay)
        item.not_before = self._base.clock.monotonic() + wait
        if item.letter is not None:
            if verdict is not Verdict.REFUSED and item.strikes < settings.attempts:
                return False
            await self._base.write(letters.again, item.letter, why)
            return True
        if item.strikes < settings.attempts:
            return False
        letter = Letter(
            consumer=consumer(self._subscription.id),
            position=item.position,
            type=item.event.type,
            subject=item.event.subject,
            event=item.event.body,
            attempts=item.tries,
            error=why,
            parked=self._base.clock.now(),
        )
        await self._base.write(letters.park, letter)
        self._base.figures.parked.inc()
        return True

    async def _disable(self, reason: str) -> None:
        mine = self._subscription
        now = self._base.clock.now()
        event = outbox.event(
            DISABLED,
            id=self._base.ids(),
            source="/webhooks",
            subject=mine.id,
            time=now,
            data={
                "webhook": mine.id,
                "owner": mine.owner,
                "owner_kind": mine.owner_kind,
                "title": mine.title,
                "reason": clean(reason, _ERROR),
            },
        )
        if await self._base.write(_disable, mine.id, event, clean(reason, _ERROR), now):
            _log.warning("webhook %s of %s is disabled: %s", mine.id, mine.owner, reason)
            self._base.figures.disabled.inc()
        self.disabled = True


def _span(micros: int) -> str:
    hours = micros / HOUR
    return f"{hours:.0f} hours" if hours > 1 else f"{hours * 3_600:.0f} seconds"


def _disable(tx: Connection, webhook: str, event: CloudEvent, reason: str, now: int) -> bool:
    """Give a receiver up and tell its owner; False where someone has changed it meanwhile."""
    try:
        found = records.get(tx, webhook, lock=True)
    except Unknown:
        return False
    if found.state is not State.ACTIVE:
        return False
    records.change(tx, found, state=State.DISABLED, reason=reason, since=now, updated=now)
    outbox.append(tx, event)
    return True
