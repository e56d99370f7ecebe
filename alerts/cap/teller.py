"""Hears what becomes of alerts, and says it; says again what lasts. Works where the outbox's relay does."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import msgspec
from sqlalchemy import Connection

from alerts import records
from alerts.cap.saying import Sayer
from alerts.cap.tables import hazards
from alerts.errors import Unknown
from city import outbox
from city.db import Database, Lease
from city.errors import Unavailable
from city.outbox import Beside
from city.outbox.consumers import short
from contracts.alerts import Alert, State
from contracts.cloudevents import CloudEvent
from contracts.errors import Refused

_log: Final = logging.getLogger(__name__)
_HEARD: Final = ("alert.firing", "alert.updated", "alert.acknowledged", "alert.resolved")


class Teller:
    """One consumer: each event is said exactly once, with the cursor's move."""

    def __init__(self, db: Database, sayer: Sayer, *, sweep: float) -> None:
        """`sweep`: seconds between looks for what is to be said again."""
        self._db = db
        self._sayer = sayer
        self._sweep = sweep

    def handler(self) -> outbox.Handler:
        """Consumer for the relay."""
        return outbox.Handler(name="alerts.cap", types=_HEARD, apply=self.hear)

    def beside(self) -> Beside:
        """Work for the relay."""
        return Beside(name="alerts.cap", run=self.run)

    def hear(self, tx: Connection, event: CloudEvent) -> None:
        """Say what one `alert.*` event changes. Raises Refused where its data is no alert."""
        try:
            alert = msgspec.convert(event.data, Alert)
        except msgspec.ValidationError as error:
            raise Refused("data", event.data, str(error)) from None
        if alert.probe:
            return
        if short(event.type) == "alert.firing":
            self._sayer.begun(tx, alert)
        elif alert.state is State.RESOLVED:
            self._sayer.ended(tx, alert)
        else:
            self._sayer.changed(tx, alert)

    async def run(self, lease: Lease) -> None:
        """Say again what lasts, for ever. Raises LeaseLost."""
        while True:
            try:
                await asyncio.to_thread(self.turn, lease)
            except Unavailable as error:
                _log.warning("what lasts is not said again in CAP yet: %s", error)
            await asyncio.sleep(self._sweep)

    def turn(self, lease: Lease | None = None) -> int:
        """Say what is due, each in a transaction of its own; how many. Raises LeaseLost, Unavailable."""
        with self._db.read() as tx:
            due = self._sayer.due(tx)
        for alert in due:
            with self._db.begin() as tx:
                if lease is not None:
                    lease.guard(tx)
                self._renew(tx, alert)
        with self._db.begin() as tx:
            if lease is not None:
                lease.guard(tx)
            self._sayer.forget(tx)
        return len(due)

    def _renew(self, tx: Connection, alert: str) -> None:
        try:
            found = records.get(tx, alert)
        except Unknown:  # its record went before its end was heard: what is said of it expires by itself
            tx.execute(hazards.update().where(hazards.c.alert == alert).values(live=False))
            return
        if found.state is State.RESOLVED:
            self._sayer.ended(tx, found)
        else:
            self._sayer.again(tx, found)
