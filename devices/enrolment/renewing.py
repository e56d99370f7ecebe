"""Drives renewals over MQTT: one row a device under way, each step one transaction: a kill loses none.

A command that is issued twice because of a kill does no harm: the device answers `rotate-key` with the
request that waits already, and the same request gets the same certificate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from city.audit import Entry, Trail
from city.db import Database, Lease
from city.errors import Unavailable
from city.outbox import Beside
from contracts.commands import Commands, InstallCertificate, RotateKey, Standing, State, What
from contracts.errors import Refused
from contracts.instants import DAY, HOUR, SECOND
from devices.enrolment.renewal import Renewal
from devices.enrolment.tables import renewals
from devices.errors import Failure
from devices.registry.voice import KIND
from runtime.clock import Clock
from runtime.logs import clean

ROTATE: Final = "rotate"
INSTALL: Final = "install"
FAILED: Final = "failed"  # tried again after a while
EVERY: Final = 10.0  # seconds between looks
AGAIN: Final = 6 * HOUR  # after a failure
_AGAIN_AT_ONCE: Final = 50  # devices asked once more in one round
_LASTS: Final = 3 * DAY // SECOND  # seconds of a command: sleeping devices wake up meanwhile
_WHY: Final = "the certificate is to be renewed"
_log: Final = logging.getLogger(__name__)


class Driver:
    """Works where the outbox's relay does."""

    def __init__(
        self,
        db: Database,
        renewal: Renewal,
        commands: Commands,
        *,
        clock: Clock,
        trail: Trail,
        tell: Callable[[Connection], None] | None = None,
    ) -> None:
        """`tell`: have people told, in this transaction, of what needs their hands."""
        self._db = db
        self._renewal = renewal
        self._commands = commands
        self._clock = clock
        self._trail = trail
        self._tell = tell

    def beside(self) -> Beside:
        """Work for the relay."""
        return Beside(name="devices.renewals", run=self.run)

    async def run(self, lease: Lease) -> None:
        """Move all renewals on, for ever. Raises LeaseLost."""
        while True:
            try:
                await asyncio.to_thread(self.turn, lease)
            except Unavailable as error:
                _log.warning("renewals wait: %s", error)
            await asyncio.sleep(EVERY)

    def turn(self, lease: Lease | None = None) -> None:
        """One step of each, and the first of those that are due. Raises LeaseLost, Unavailable."""
        with self._db.begin() as tx:
            if lease is not None:
                lease.guard(tx)
            old = (renewals.c.step == FAILED) & (renewals.c.since < self._clock.now() - AGAIN)
            tx.execute(delete(renewals).where(old))
            under_way = tx.execute(select(renewals)).all()
            known = {row.device for row in under_way}
            again = self._renewal.outlived(tx)[:_AGAIN_AT_ONCE]
            due = [device for device in (*self._renewal.due(tx), *again) if device not in known]
            if self._tell is not None:
                self._tell(tx)
        for row in under_way:
            if row.step != FAILED:
                self._follow(row)
        for device in due:
            self._order(device, ROTATE, RotateKey())

    def _follow(self, row: Row[Any]) -> None:
        try:
            standing = self._commands.look(row.command)
        except LookupError:
            self._fail(row.device, "its command is gone")
            return
        if not standing.over:
            return
        if standing.state != State.DONE:
            self._fail(row.device, standing.reason or str(standing.state))
        elif row.step == ROTATE:
            self._sign(row.device, standing)
        else:
            self._end(row, standing)

    def _sign(self, device: str, standing: Standing) -> None:
        """Its request has come."""
        try:
            with self._db.begin() as tx:
                given = self._renewal.answer(tx, device, str(standing.value.get("csr", "")))
        except (Refused, Failure) as error:
            self._fail(device, str(error))
            return
        what = InstallCertificate(chain=given.certificate, root=given.trusted)
        self._order(device, INSTALL, what, serial=given.serial)

    def _end(self, row: Row[Any], standing: Standing) -> None:
        """It says with which certificate it has connected."""
        if standing.value.get("serial") != row.serial:
            self._fail(row.device, "it says that it has another certificate")
            return
        with self._db.begin() as tx:
            self._renewal.installed(tx, row.device, row.serial)
            tx.execute(delete(renewals).where(renewals.c.device == row.device))
            self._note(tx, row.device, "certificate.installed")

    def _order(self, device: str, step: str, what: What, *, serial: str = "") -> None:
        try:
            command = self._commands.issue(device, what, by="system", why=_WHY, seconds=_LASTS).id
        except (LookupError, Refused, Failure) as error:
            self._fail(device, str(error))
            return
        self._put(device, step=step, command=command, serial=serial, reason="")

    def _fail(self, device: str, reason: str) -> None:
        _log.warning("the certificate of %s was not renewed: %s", device, reason)
        self._put(device, step=FAILED, command="", serial="", reason=clean(reason, 300))

    def _put(self, device: str, **values: str) -> None:
        with self._db.begin() as tx:
            kept = {**values, "since": self._clock.now()}
            changed = tx.execute(update(renewals).where(renewals.c.device == device).values(**kept))
            if not changed.rowcount:
                tx.execute(insert(renewals).values(device=device, **kept))
            if values["step"] == FAILED:
                self._note(tx, device, "certificate.failed")

    def _note(self, tx: Connection, device: str, action: str) -> None:
        self._trail.note(tx, Entry(by="system", action=action, kind=KIND, record=device))


def trouble(tx: Connection, device: str) -> str:
    """Why a device's last renewal failed; empty where none did, or one is under way."""
    query = select(renewals.c.reason).where(renewals.c.device == device, renewals.c.step == FAILED)
    return tx.execute(query).scalar_one_or_none() or ""
