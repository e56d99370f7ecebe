"""Which channels a notice takes, and when: made when it is sent, so that what a person chose last holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select, update

from city.db import Database, new_or_nothing
from city.notifications import quiet
from city.notifications.model import Channel, Reach, State
from city.notifications.ports import Directory, Recipient
from city.notifications.preferences import Preferences
from city.notifications.subscriptions import Subscriptions
from city.notifications.tables import deliveries, notices
from runtime.clock import Clock

LATE = "too late"
NOBODY = "nobody there"
OFF = "switched off"
NO_ADDRESS = "no address"
NO_GATEWAY = "no gateway"


class Planner:
    """Makes the deliveries of notices."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        zone: ZoneInfo,
        directory: Directory,
        preferences: Preferences,
        subscriptions: Subscriptions,
        addressed: Mapping[Channel, bool],
    ) -> None:
        """`addressed`: channels that some gateway serves, and whether it needs an address."""
        self.directory = directory
        self.subscriptions = subscriptions
        self._db = db
        self._clock = clock
        self._zone = zone
        self._preferences = preferences
        self._addressed = addressed

    def due(self, tx: Connection, limit: int) -> list[Row[Any]]:
        """Notices without deliveries, oldest first."""
        query = select(notices).where(notices.c.wake <= self._clock.now()).order_by(notices.c.wake)
        return list(tx.execute(query.limit(limit)).all())

    def plan(self, tx: Connection, row: Row[Any]) -> None:
        """Make one notice's deliveries; those that will not be tried say why."""
        mine = (notices.c.id == row.id) & notices.c.wake.is_not(None)
        if tx.execute(update(notices).where(mine).values(wake=None)).rowcount:
            self._add(tx, row, [Channel(name) for name in row.channels if name != Channel.INBOX])

    def further(self, row: Row[Any], after: Channel) -> list[Channel]:
        """Channels that are left where one is enough and this one failed."""
        if row.reach != Reach.ONE:
            return []
        names = [Channel(name) for name in row.channels if name != Channel.INBOX]
        return names[names.index(after) + 1 :] if after in names else []

    def fall_back(self, tx: Connection, row: Row[Any], after: Channel) -> bool:
        """Take the next channel; whether there is one that can be tried."""
        return self._add(tx, row, self.further(row, after))

    def why_not(self, tx: Connection, row: Row[Any], channel: Channel, to: Recipient | None) -> str:
        """Why a channel cannot be taken, empty where it can."""
        if row.expires is not None and row.expires <= self._clock.now():
            return LATE
        if to is None:
            return NOBODY
        if (row.topic, channel) in self._preferences.switched_off(tx, row.person):
            return OFF
        if channel not in self._addressed:
            return NO_GATEWAY
        if self._addressed[channel] and not self._reachable(tx, row.person, channel, to):
            return NO_ADDRESS
        return ""

    def when(self, tx: Connection, row: Row[Any]) -> int:
        """When a message may go: now, or after the quiet hours. µs UTC."""
        now = self._clock.now()
        return now if row.urgent else quiet.until(now, self._preferences.quiet(tx, row.person), self._zone)

    def _reachable(self, tx: Connection, person: str, channel: Channel, to: Recipient) -> bool:
        if channel == Channel.PUSH:
            return self.subscriptions.any(tx, person)
        return bool(to.addresses.get(channel))

    def _add(self, tx: Connection, row: Row[Any], channels: list[Channel]) -> bool:
        """Deliveries on these channels, up to the first that can be tried where one is enough."""
        to = self.directory.find(tx, row.person)
        when = self.when(tx, row)
        now = self._clock.now()
        for channel in channels:
            reason = self.why_not(tx, row, channel, to)
            fresh = {
                "notice": row.id,
                "channel": channel,
                "state": State.SKIPPED if reason else State.QUEUED,
                "wake": None if reason else when,
                "attempts": 0,
                "provider": "",
                "error": reason,
                "changed": now,
            }
            tx.execute(new_or_nothing(self._db, deliveries).values(fresh))
            if not reason and row.reach == Reach.ONE:
                return True
        return False
