"""Shared by the tests of webhooks: subscriptions, and the process that delivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from prometheus_client import CollectorRegistry

import city.audit.history
import city.history
import city.privacy.history
import city.webhooks.history
from city.db import Database, upgrade
from city.outbox import Relay, letters
from city.outbox.letters import Letter
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from city.webhooks.guard import Guard
from city.webhooks.hub import Hub
from city.webhooks.model import Place, Subscription, Told, consumer
from city.webhooks.service import Webhooks
from city.webhooks.settings import Settings
from runtime import ids
from runtime.clock import System
from tests.city.drill import FAST

HISTORIES = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.webhooks.history.HISTORY,
)
T = TypeVar("T")
SETTINGS = Settings(
    allow=("127.0.0.0/8",),
    types=("thing.*",),
    first_delay=0.02,
    most_delay=0.1,
    attempts=3,
    limit=5.0,
    commit=0.05,
)


class Stage:
    """Database, vault and service; `delivering` runs relay and hub."""

    def __init__(self, url: str, keys: Path, *, make: bool = True) -> None:
        self.clock = System()
        self.ids = ids.factory(self.clock)
        self.db = Database(url)
        file = KeyFile(keys, clock=self.clock)
        if make:
            upgrade(self.db, HISTORIES)
            prepare(self.db, file, self.clock)
        self.vault = Vault(self.db, file, clock=self.clock)
        self.registry = CollectorRegistry()
        self.webhooks = self.service()

    def service(self, **changes: Any) -> Webhooks:
        settings = msgspec.structs.replace(SETTINGS, **changes)
        guard = Guard(settings.allow, self.clock)
        return Webhooks(clock=self.clock, ids=self.ids, vault=self.vault, guard=guard, settings=settings)

    def add(self, url: str, **options: Any) -> tuple[Subscription, str]:
        with self.db.begin() as tx:
            return self.webhooks.add(tx, **{"owner": "app-1", "owner_kind": "app", "url": url, **options})

    def do(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        with self.db.begin() as tx:
            return work(tx, *args, **options)

    def told(self, webhook: str) -> Told:
        with self.db.read() as tx:
            return self.webhooks.get(tx, webhook)

    def place(self, webhook: str) -> Place:
        return self.told(webhook).place

    def letters(self, webhook: str) -> list[Letter]:
        with self.db.read() as tx:
            return letters.page(tx, consumer=consumer(webhook))

    def hub(self, **changes: Any) -> Hub:
        settings = msgspec.structs.replace(SETTINGS, **changes)
        return Hub(
            self.db,
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            guard=Guard(settings.allow, self.clock),
            settings=settings,
            registry=CollectorRegistry(),
        )

    @asynccontextmanager
    async def delivering(self, **changes: Any) -> AsyncIterator[Hub]:
        hub = self.hub(**changes)
        relay = Relay(self.db, self.clock, (), beside=[hub.beside()], settings=FAST)
        task = asyncio.create_task(relay.run())
        try:
            yield hub
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
