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
from city.audit import Trail
from city.db import Database
from city.identity.caller import SYSTEM, Caller, Kind
from city.outbox import Relay, letters
from city.outbox.letters import Letter
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from city.webhooks.ears import Ears
from city.webhooks.guard import Guard
from city.webhooks.hub import Hub
from city.webhooks.model import Place, Subscription, Told, consumer
from city.webhooks.service import OWN, Webhooks
from city.webhooks.settings import Settings
from runtime import ids
from runtime.clock import System
from tests.city.drill import FAST
from tests.fixtures.tables import ready

HISTORIES = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.webhooks.history.HISTORY,
)
T = TypeVar("T")
HEAR = "things.all.hear"
NEEDS = {"thing.*": HEAR}
APP = Caller(kind=Kind.APP, id="app-1", name="Peta", strong=True, reach={OWN: None, HEAR: None})
SETTINGS = Settings(
    allow=("127.0.0.0/8",),
    rights=0.1,
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
        self.db = ready(url, HISTORIES) if make else Database(url)
        file = KeyFile(keys, clock=self.clock)
        if make:
            prepare(self.db, file, self.clock)
        self.vault = Vault(self.db, file, clock=self.clock)
        self.held: dict[str, frozenset[str] | None] = {}
        self.webhooks = self.service()

    def holds(self, _tx: object, _kind: str, owner: str) -> frozenset[str] | None:
        """All owners hold what they need; a test takes it away."""
        return self.held.get(owner, frozenset({HEAR}))

    def service(self, **changes: Any) -> Webhooks:
        settings = msgspec.structs.replace(SETTINGS, **changes)
        return Webhooks(
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            guard=Guard(settings.allow, self.clock),
            ears=Ears(NEEDS, self.holds),
            trail=Trail(clock=self.clock),
            settings=settings,
        )

    def add(self, url: str, by: Caller = APP, **options: Any) -> tuple[Subscription, str]:
        with self.db.begin() as tx:
            return self.webhooks.add(tx, by, url=url, **options)

    def do(self, work: Callable[..., T], *args: Any, by: Caller = APP, **options: Any) -> T:
        """A step of the service by its owner."""
        with self.db.begin() as tx:
            return work(tx, by, *args, **options)

    def told(self, webhook: str) -> Told:
        with self.db.read() as tx:
            return self.webhooks.get(tx, SYSTEM, webhook)

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
            ears=Ears(NEEDS, self.holds),
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
