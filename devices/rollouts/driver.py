"""Drives rollouts: each move is one transaction, so a kill at any moment leaves them where they were."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from city import outbox
from city.db import Database, Lease
from city.errors import Unavailable
from city.identity.caller import SYSTEM, Caller
from contracts.errors import Refused
from contracts.roster import Reader
from devices.rollouts import deciding, model, records
from devices.rollouts.gate import Gate
from devices.rollouts.model import ACTIVE, Item, Part, Rollout, Step
from devices.rollouts.tables import rollouts
from devices.rollouts.voice import ASKED, Voice
from devices.shadow import Shadow, Shadows
from devices.shadow.model import merged
from runtime.clock import Clock

_LOOK: Final = 1.0  # seconds between looks that nobody asked for
_EASY: Final = 500  # devices for which a second more passes: a look reads all of them
_LONGEST: Final = 10.0
_log: Final = logging.getLogger(__name__)


class Driver:
    """Works where the outbox's relay does."""

    def __init__(
        self, *, db: Database, clock: Clock, shadows: Shadows, roster: Reader, gate: Gate, voice: Voice
    ) -> None:
        self._db = db
        self._clock = clock
        self._shadows = shadows
        self._roster = roster
        self._gate = gate
        self._voice = voice
        self._weight = 0  # devices of the largest rollout that was looked at

    def beside(self) -> outbox.Beside:
        """Work for the relay."""
        return outbox.Beside(name="devices.rollouts", run=self.run, bells=(ASKED,))

    async def run(self, lease: Lease) -> None:
        """Move all rollouts on, for ever. Raises LeaseLost."""
        bell = self._db.bell(ASKED)
        while True:
            seen = bell.count
            try:
                moved = await asyncio.to_thread(self.turn, lease)
            except Unavailable as error:
                _log.warning("rollouts wait: %s", error)
                moved = False
            if not moved:
                await bell.wait(seen, min(_LONGEST, _LOOK + self._weight / _EASY))

    def turn(self, lease: Lease) -> bool:
        """One move of each rollout that is not over; whether there was any. Raises LeaseLost, Unavailable."""
        self._weight = 0
        with self._db.read() as tx:
            active = list(tx.execute(select(rollouts.c.id).where(rollouts.c.state.in_(ACTIVE))).scalars())
        moved = [self._move(lease, key) for key in active]
        return any(moved)

    def _move(self, lease: Lease, key: str) -> bool:
        """One move, decided on what was read, and made only where nobody has decided otherwise since."""
        with self._db.read() as tx:
            rollout = records.find(tx, key)
            items = records.of(tx, key)
            shadows = self._held(tx, items)
        if rollout is None or rollout.over:
            return False
        self._weight = max(self._weight, len(items))
        now = self._clock.now()
        health = self._gate.look({item.device: item.set or now for item in items})
        move = deciding.decide(rollout, items, health=health, shadows=shadows, now=now)
        if isinstance(move, deciding.Wait):
            return False
        with self._db.begin() as tx:
            lease.guard(tx)
            locked = records.find(tx, key, lock=True)
            if locked is not None and locked.revision == rollout.revision:
                self._do(tx, rollout, move)
        return True

    def _held(self, tx: Connection, items: Sequence[Item]) -> dict[str, Shadow]:
        judged = [item.device for item in items if item.state in {Part.SET, Part.MATCHED}]
        return self._shadows.some(tx, judged)

    def _do(self, tx: Connection, rollout: Rollout, move: deciding.Move) -> None:
        match move:
            case deciding.Apply(items):
                records.put_items(tx, [self._applied(tx, rollout, item) for item in items])
                self._go(tx, rollout)
            case deciding.Judge(items):
                records.put_items(tx, items)
                self._go(tx, rollout)
            case deciding.Restore(items):
                records.put_items(tx, [self._restored(tx, rollout, item) for item in items])
                self._go(tx, rollout)
            case deciding.Advance():
                self._go(tx, rollout, stage=rollout.stage + 1)
            case deciding.Finish(reason):
                self._go(
                    tx, rollout, state=model.after(rollout.id, rollout.state, Step.FINISH), reason=reason
                )
            case deciding.Stop(reason):
                self._go(tx, rollout, state=model.after(rollout.id, rollout.state, Step.FAIL), reason=reason)
            case deciding.End():
                self._go(tx, rollout, state=model.after(rollout.id, rollout.state, Step.RESTORED))
            case deciding.Wait():
                pass

    def _go(self, tx: Connection, rollout: Rollout, **changes: object) -> None:
        new = msgspec.structs.replace(
            rollout, changed=self._clock.now(), revision=rollout.revision + 1, **changes
        )
        records.put(tx, new)
        self._voice.tell(tx, new)

    def _applied(self, tx: Connection, rollout: Rollout, item: Item) -> Item:
        """The device with the change desired, and what it was before."""
        replace = msgspec.structs.replace
        entry = self._roster.get(item.device)
        if entry is None:
            return replace(item, state=Part.KEPT, reason="the device is gone")
        old = self._shadows.held(tx, entry)
        values = merged(old.values, rollout.patch)
        try:
            new = self._shadows.wish(tx, old, values, by=_by(rollout), why=rollout.why, source=rollout.id)
        except Refused as refused:
            return replace(item, state=Part.KEPT, reason=str(refused)[:300])
        return replace(
            item,
            state=Part.SET,
            before={key: old.values.get(key) for key in rollout.patch},
            was=old.version,
            version=new.version,
            set=self._clock.now(),
        )

    def _restored(self, tx: Connection, rollout: Rollout, item: Item) -> Item:
        """The device with what it had before, in those keys that nobody else has changed since."""
        replace = msgspec.structs.replace
        entry = self._roster.get(item.device)
        if entry is None:
            return replace(item, state=Part.KEPT, reason="the device is gone")
        old = self._shadows.held(tx, entry)
        back = {
            key: item.before.get(key) for key, value in rollout.patch.items() if old.values.get(key) == value
        }
        if not back:
            return replace(item, state=Part.KEPT, reason="somebody has changed it since")
        why = f"taken back: {rollout.reason}"[:300]
        self._shadows.wish(tx, old, merged(old.values, back), by=_by(rollout), why=why, source=rollout.id)
        return replace(item, state=Part.RESTORED, reason=f"as in version {item.was}")


def _by(rollout: Rollout) -> Caller:
    """In whose name the devices change: of him who began it."""
    return msgspec.structs.replace(SYSTEM, id=rollout.by, name=rollout.by_name)
