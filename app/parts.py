"""What the processes are made of: each made when first asked for, and closed at the end, last made first."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractContextManager, AsyncExitStack
from functools import cached_property, partial
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from alerts.rulebook.service import Rulebook
from app import alerting
from app.histories import HISTORIES
from app.papers import Papers
from app.roles import ROLES
from app.rulebook import Shelves
from app.settings import Settings
from app.telling import Codes, told
from city import db, privacy, schedule, search
from city.audit import CITY, PROTECTED, Trail, Witness
from city.audit.seals import MARK
from city.geography import Atlas
from city.idempotency import Idempotency
from city.identity import wiring as identities
from city.identity.wiring import Identity
from city.notifications import Notifications
from city.privacy import keks
from city.webhooks.ears import Ears, Holders
from city.webhooks.guard import Guard
from city.webhooks.hub import Hub
from city.webhooks.service import Webhooks
from contracts.roster import Producer
from devices import wiring as fleets
from devices.control import wiring as controls
from devices.control.wiring import Control
from devices.registry import Live
from devices.roster import Roster
from devices.wiring import Fleet
from ingest.mappings.load import Mappings
from ingest.mappings.load import load as load_mappings
from runtime import ids, metrics, mqtt
from runtime.calendar import Calendars
from runtime.clock import System
from runtime.service import Service
from store.bundle import Store, open_store
from web.account import wiring as accounts
from web.account.wiring import Account
from web.admin import trail

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)


class Parts:
    """One process's parts; a context manager."""

    def __init__(self, settings: Settings, service: Service) -> None:
        self.settings = settings
        self.service = service
        self.clock = System()
        self.ids = ids.factory(self.clock)
        self.registry = metrics.registry()
        self.hears: dict[str, str] = {}  # pattern of events' types → permission; the contributions say it
        self._open = AsyncExitStack()
        self._followed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.__aexit__(kind, error, trace)

    @cached_property
    def roster(self) -> Live:
        """Devices of the registry, and those of the file of which it says nothing. Raises Unavailable."""
        live = Live(self.db, roster(self.settings))
        live.refresh()
        return live

    def follow_roster(self) -> None:
        """Let the roster learn of changes from now on; once is enough."""
        if not self._followed:
            self._followed = True
            self.service.start("roster", self.roster.run())

    @cached_property
    def fleet(self) -> Fleet:
        """The registry of devices, and how they come in. Raises Wrong."""
        return fleets.wire(
            self.db,
            clock=self.clock,
            ids=self.ids,
            trail=self.audit,
            vault=self.vault,
            settings=self.settings.devices,
            address=self.settings.identity.address,
            reserved=(self.settings.analytics.producer,),
            metrics=self.registry,
            index=self.index,
        )

    @cached_property
    def rulebook(self) -> Rulebook:
        """Which rules act."""
        shelves = Shelves(self.settings.analytics.rules)
        clock, ids_, trail = self.clock, self.ids, self.audit
        return Rulebook(self.db, shelves, clock=clock, ids=ids_, trail=trail, means=alerting.means(self))

    @cached_property
    def control(self) -> Control:
        """What devices are to do and to be."""
        return controls.wire(self.db, clock=self.clock, ids=self.ids, trail=self.audit, roster=self.roster)

    @cached_property
    def mappings(self) -> Mappings:
        """How messages of third parties are read. Raises yamldoc.Wrong."""
        return load_mappings(self.settings.ingest.mappings)

    @cached_property
    def db(self) -> db.Database:
        """The city's database, with tables of this program's version."""
        database = db.Database.of(self.settings.city)
        self._open.callback(database.close)
        db.check(database, HISTORIES)
        return database

    @cached_property
    def vault(self) -> privacy.Vault:
        """Personal data, encrypted; the first start of all makes its key. Raises KeyMissing, BadKeys."""
        keys = privacy.holder(self.settings.privacy, clock=self.clock)
        keks.prepare(self.db, keys, self.clock)
        return privacy.Vault(self.db, keys, clock=self.clock)

    @cached_property
    def audit(self) -> Trail:
        """Where packages note who saw or changed what."""
        return Trail(clock=self.clock)

    @cached_property
    def book(self) -> trail.Book:
        """The trail as those may see it who may."""
        witness = Witness(self.settings.audit.witness, CITY, clock=self.clock)
        sign = partial(self.vault.keys.mac, MARK)
        return trail.Book(self.db, clock=self.clock, trail=self.audit, witness=witness, sign=sign)

    @cached_property
    def protected_audit(self) -> Trail:
        """The same for need-to-know cases: a chain of its own."""
        return Trail(clock=self.clock, chain=PROTECTED)

    @cached_property
    def identity(self) -> Identity:
        """Who there is, and how they come in. Raises Clash, Refused."""
        return identities.wire(
            self.db,
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            trail=self.audit,
            sender=Codes(self.notifications),
            settings=self.settings.identity,
            roles=ROLES,
        )

    @cached_property
    def account(self) -> Account:
        """Sign-in, on these identities."""
        return accounts.wire(self.identity, clock=self.clock, oidc=self.settings.oidc)

    @cached_property
    def idempotency(self) -> Idempotency:
        """What was done under an Idempotency-Key."""
        return Idempotency(
            self.db,
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            keys=self.vault.keys,
            settings=self.settings.idempotency,
        )

    @cached_property
    def guard(self) -> Guard:
        """Where webhooks may go. Raises Refused where the setting names no networks."""
        settings = self.settings.webhooks
        return Guard(settings.allow, self.clock, keep=settings.resolved)

    @cached_property
    def ears(self) -> Ears:
        """Who may hear of which events."""
        return Ears(self.hears, Holders(self.identity.catalogue, self.clock))

    @cached_property
    def webhooks(self) -> Webhooks:
        """Subscriptions of apps and people."""
        return Webhooks(
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            guard=self.guard,
            ears=self.ears,
            trail=self.audit,
            settings=self.settings.webhooks,
        )

    @cached_property
    def hub(self) -> Hub:
        """What tells receivers, in the process that has the relay."""
        return Hub(
            self.db,
            clock=self.clock,
            ids=self.ids,
            vault=self.vault,
            guard=self.guard,
            ears=self.ears,
            settings=self.settings.webhooks,
            registry=self.registry,
        )

    @cached_property
    def papers(self) -> Papers:
        """Files, documents and imports."""
        return Papers(self.settings, self.db, self.vault, clock=self.clock, ids=self.ids)

    @cached_property
    def notifications(self) -> Notifications:
        """How people are told. Raises BadTemplate, Wrong."""
        notifications = told(self)
        self._open.callback(notifications.post.close)
        return notifications

    @cached_property
    def index(self) -> search.Index:
        """Where programmes put what can be found."""
        return search.Index(search.engine(lite=self.db.lite), self.settings.search)

    @cached_property
    def finder(self) -> search.Finder:
        """What answers questions from it."""
        return search.Finder(self.db, self.index)

    @cached_property
    def atlas(self) -> Atlas:
        """Areas and sites; tells in the log what is odd about boundaries. Raises BadFile."""
        atlas = Atlas.of(self.db, self.clock, self.settings.geography, self.index)
        for odd in atlas.boundaries.findings():
            _log.warning("boundaries: %s", odd)
        return atlas

    @cached_property
    def clocks(self) -> schedule.Clocks:
        """Durable clocks, and the calendars by which they run."""
        return schedule.Clocks(clock=self.clock, calendars=Calendars(self.settings.calendar))

    @cached_property
    def store(self) -> Store:
        """The time-series store with ledger, dead letters, frames and state."""
        return self.enter(open_store(self.settings.store, self.clock))

    def enter(self, part: AbstractContextManager[T]) -> T:
        """Open something that is closed at the end."""
        return self._open.enter_context(part)

    async def client(self, role: str, **options: object) -> mqtt.Client:
        """A connection to the broker under the name of a role; its state is part of the health."""
        settings = self.settings.mqtt
        client = mqtt.Client(
            settings,
            client_id=f"imm.{role}.{self.settings.worker}",  # the dots: no device can be called so
            clock=self.clock,
            **options,  # type: ignore[arg-type]  # passed on as they are
        )
        entered = await self._open.enter_async_context(client)
        self.service.start(f"broker of {role}", self._watch(role, entered))
        return entered

    async def _watch(self, role: str, client: mqtt.Client) -> None:
        while True:
            self.service.health.set(f"broker.{role}", ok=client.connected.is_set(), reason=client.reason)
            await asyncio.sleep(1)


def roster(settings: Settings) -> Roster:
    """The roster file, and the platform's own producers. Raises BadRoster."""
    names = (settings.analytics.producer, settings.presence.producer)
    return Roster.load(settings.roster, [Producer(device=name) for name in names])


def with_broker(settings: Settings, *, host: str, port: int) -> Settings:
    """Settings that point to this broker."""
    return msgspec.structs.replace(
        settings, mqtt=msgspec.structs.replace(settings.mqtt, host=host, port=port)
    )
