"""The one process that delivers: follows the outbox once for all receivers, and keeps their places."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from city.db import Database, Lease
from city.errors import LeaseLost, Unavailable
from city.outbox import Beside, letters
from city.outbox.events import NUMBERED
from city.webhooks import records, stream
from city.webhooks.base import Base
from city.webhooks.drive import Drive
from city.webhooks.ears import Ears
from city.webhooks.figures import Figures
from city.webhooks.guard import Guard
from city.webhooks.model import consumer
from city.webhooks.records import CHANGED, Loaded, Version
from city.webhooks.settings import Settings
from city.webhooks.stream import Recent
from city.webhooks.vault import Secrets, Vault
from runtime.clock import Clock
from runtime.ids import Factory

_log: Final = logging.getLogger(__name__)
_BATCH: Final = 500  # events read at once
_LOOK: Final = (
    1.0  # seconds between looks for changed subscriptions that no bell announced: one query for all
)
_IDLE: Final = 5.0  # seconds between looks for events that no bell announced
_LAZY: Final = 30.0  # seconds after which the place of a receiver is kept that wanted nothing


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What decides how a receiver is told: when it changes, its drive begins again."""

    version: Version
    rights: frozenset[str]  # permissions of the owner


class _Running(msgspec.Struct, kw_only=True):
    drive: Drive
    wanted: _Wanted
    task: asyncio.Task[None]


class Hub:
    """Runs beside the outbox's relay."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        vault: Vault,
        guard: Guard,
        ears: Ears,
        settings: Settings | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._secrets = Secrets(vault)
        self._guard = guard
        self._ears = ears
        self._rights: dict[tuple[str, str], frozenset[str] | None] = {}  # of owners, asked not long ago
        self._asked = 0.0  # monotonic seconds
        self._settings = settings or Settings()
        self._figures = Figures(registry or CollectorRegistry())
        self._running: dict[str, _Running] = {}
        self._unread: dict[str, _Wanted] = {}  # whose secrets could not be opened

    def beside(self) -> Beside:
        """What the relay runs."""
        return Beside(name="webhooks", run=self.run, bells=(CHANGED,))

    async def run(self, lease: Lease) -> None:
        """Deliver until cancelled. Raises LeaseLost."""
        base = Base(
            self._db,
            lease,
            clock=self._clock,
            ids=self._ids,
            guard=self._guard,
            settings=self._settings,
            figures=self._figures,
        )
        self._running.clear()
        self._unread.clear()
        lost = False
        try:
            base.recent = Recent(await base.read(stream.head))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(base), name="webhooks: follow")
                tasks.create_task(self._watch(base, tasks), name="webhooks: watch")
                tasks.create_task(self._keep(base), name="webhooks: places")
        except* LeaseLost:
            lost = True
        finally:
            await self._last(lease)
            await base.close()
        if lost:
            raise LeaseLost(lease.name, "another process")

    async def _follow(self, base: Base) -> None:
        """Read new events, and wake those that want them."""
        bell = self._db.bell(NUMBERED)
        recent = base.recent
        while True:
            seen = bell.count
            before = recent.head
            found, head = await base.read(stream.follow, before, _BATCH)
            if head == before:
                await bell.wait(seen, _IDLE)
                continue
            recent.add(found, head)
            types = {event.type for event in found}
            for running in self._running.values():
                drive = running.drive
                if drive.idle and drive.scanned == before and not any(map(drive.wants, types)):
                    drive.skip(head)
                else:
                    drive.wake()

    async def _watch(self, base: Base, tasks: asyncio.TaskGroup) -> None:
        """Begin with new subscriptions, begin again with changed ones, end with others."""
        bell = self._db.bell(CHANGED)
        while True:
            seen = bell.count
            if self._clock.monotonic() - self._asked > self._settings.rights:
                self._rights.clear()
                self._asked = self._clock.monotonic()
            wanted, asked = await base.read(self._look)
            for webhook, running in list(self._running.items()):
                if wanted.get(webhook) != running.wanted or running.task.done():
                    await self._stop(base, webhook)
            new = [one for one in wanted if one not in self._running and self._unread.get(one) != wanted[one]]
            if new:
                self._unread |= {one: wanted[one] for one in new}
                for loaded, secrets in await base.read(self._load, new):
                    self._start(base, tasks, loaded, secrets, wanted[loaded.subscription.id])
            for webhook, running in self._running.items():
                if consumer(webhook) in asked:
                    running.drive.ask()
            self._figures.active.set(len(self._running))
            await bell.wait(seen, _LOOK)

    def _look(self, tx: Connection) -> tuple[dict[str, _Wanted], set[str]]:
        """Whom to tell what, and who has letters to be sent again."""
        found = {}
        for webhook, version in records.versions(tx).items():
            owner = (version.owner_kind, version.owner)
            if owner not in self._rights:
                held = self._ears.holds(tx, *owner)
                self._rights[owner] = None if held is None else frozenset(held)
            rights = self._rights[owner]
            if rights is not None:  # who may not act now is told nothing, and goes on when he may again
                found[webhook] = _Wanted(version=version, rights=rights)
        return found, set(letters.waiting(tx))

    def _load(self, tx: Connection, webhooks: Sequence[str]) -> list[tuple[Loaded, list[str]]]:
        found = []
        for loaded in records.load(tx, webhooks):
            mine = loaded.subscription.id
            try:
                found.append((loaded, self._secrets.read(tx, mine)))
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001 - one secret that nobody can open must not stop the others
                _log.exception("the secret of webhook %s cannot be opened; it is told nothing", mine)
        return found

    def _start(
        self, base: Base, tasks: asyncio.TaskGroup, loaded: Loaded, secrets: list[str], wanted: _Wanted
    ) -> None:
        mine = loaded.subscription.id
        self._unread.pop(mine, None)
        drive = Drive(
            base, loaded, secrets, may=lambda type_: self._ears.may(type_, wanted.rights.__contains__)
        )
        task = tasks.create_task(self._drive(drive), name=f"webhook {mine}")
        self._running[mine] = _Running(drive=drive, wanted=wanted, task=task)

    async def _drive(self, drive: Drive) -> None:
        """One receiver's drive; a fault in it ends it alone, and it is begun again."""
        try:
            await drive.run()
        except BaseExceptionGroup as group:
            if group.split(Exception)[1] or group.subgroup(LeaseLost):
                raise
            _log.exception("webhook %s begins again after a fault", drive.subscription.id)
            await asyncio.sleep(_LOOK)

    async def _stop(self, base: Base, webhook: str) -> None:
        running = self._running.pop(webhook)
        running.task.cancel()
        await asyncio.wait([running.task])
        await base.write(records.keep, [running.drive.place()])

    async def _keep(self, base: Base) -> None:
        """Write the places of all that moved, in one transaction, now and then."""
        lazy = self._clock.monotonic()
        while True:
            await asyncio.sleep(self._settings.commit)
            drives = [running.drive for running in self._running.values()]
            due = self._clock.monotonic() - lazy > _LAZY
            places = [drive.place() for drive in drives if due or drive.health.changed]
            if due:
                lazy = self._clock.monotonic()
            if places:
                await base.write(records.keep, places)
            head = base.recent.head
            self._figures.failing.set(sum(drive.health.streak > 0 for drive in drives))
            self._figures.behind.set(max((head - drive.position for drive in drives), default=0))

    async def _last(self, lease: Lease) -> None:
        """Keep all places at an orderly end, so that nothing comes twice."""
        places = [running.drive.place() for running in self._running.values()]

        def keep() -> None:
            with self._db.begin() as tx:
                lease.guard(tx)
                records.keep(tx, places)

        try:
            await asyncio.shield(asyncio.to_thread(keep))
        except (Unavailable, LeaseLost) as error:
            _log.warning("some events may reach webhooks twice: %s", error)
