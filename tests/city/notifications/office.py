"""Shared by the tests of notices: a directory of two people, and a post that is run until it is done."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from city.db import Database
from city.notifications import Means, Notice, Notifications, Receipt, Recipient, Settings, wire
from city.notifications.inbox import receipts
from city.notifications.providers import opened
from city.notifications.settings import Provider, Push
from city.notifications.templates import Catalogue
from city.privacy import Vault
from city.schedule.opaque import Value
from contracts.instants import from_datetime
from runtime import ids
from runtime.clock import Fake

HERE = Path(__file__).parent
JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = 1_795_500_000_000_000 - 1_795_500_000_000_000 % 86_400_000_000 + 5 * 3_600_000_000  # 12:00 in Cirebon
SITI = "p-siti"
BUDI = "p-budi"
PEOPLE = {
    SITI: Recipient(
        name="Siti Aminah",
        addresses={"email": "siti@contoh.example", "sms": "+6281234567890", "whatsapp": "+6281234567890"},
    ),
    BUDI: Recipient(name="Budi", language="en", addresses={"email": "budi@contoh.example"}),
}
DATA: dict[str, Value] = {"number": "TGI-2026-000123", "opened": NOON, "affected": 1_250}
FAST = Settings(
    poll=0.02,
    attempts=3,
    first_delay=10.0,
    most_delay=20.0,
    trips=3,
    rest=30.0,
)

lite = pytest.mark.parametrize("city_url", ["sqlite"], indirect=True)  # what the engine has no part in


class People:
    """A directory."""

    def __init__(self) -> None:
        self.known: dict[str, Recipient] = dict(PEOPLE)

    def find(self, _tx: Connection, person: str) -> Recipient | None:
        return self.known.get(person)


class Office:
    """Everything that telling people takes, on a clock that stands."""

    def __init__(self, db: Database, vault: Vault, clock: Fake, folder: Path) -> None:
        clock.jump((NOON - clock.now()) / 1_000_000)
        self.db = db
        self.vault = vault
        self.clock = clock
        self.people = People()
        self.registry = CollectorRegistry()
        self._folder = folder
        self._ids = ids.factory(clock)

    def wire(
        self,
        *providers: tuple[str, str, str],
        push: Push | None = None,
        settings: Settings = FAST,
        **options: Any,
    ) -> Notifications:
        """Notices by these gateways: (name, channel, address)."""
        limits = options.pop("limits", {})  # by name of the gateway
        given = tuple(
            Provider(
                name=name,
                channel=channel,  # type: ignore[arg-type]
                url_file=self._file(name, url),
                limit=limits.get(name, 15.0),
                **options,
            )
            for name, channel, url in providers
        )
        settings = replace(settings, providers=given, push=push or settings.push)
        self.registry = CollectorRegistry()
        means = Means(
            catalogue=Catalogue.of([HERE]),
            providers=opened(settings, clock=self.clock),
            directory=self.people,
            vault=self.vault,
            site="https://imm.example",
        )
        return wire(
            self.db,
            means,
            clock=self.clock,
            ids=self._new_id,
            zone=JAKARTA,
            settings=settings,
            registry=self.registry,
        )

    def ask(self, of: Notifications, template: str = "drill.incident-opened", **options: Any) -> str:
        """Ask for a notice to Siti, unless another is named."""
        if template == "drill.incident-opened":
            options.setdefault("data", DATA)
        with self.db.begin() as tx:
            return of.notices.ask(tx, Notice(**{"template": template, "person": SITI, **options}))

    def receipts(self, notice: str) -> Mapping[str, Receipt]:
        with self.db.read() as tx:
            return {one.channel: one for one in receipts(tx, notice)}

    def states(self, notice: str) -> Mapping[str, str]:
        return {channel: one.state for channel, one in self.receipts(notice).items()}

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def _new_id(self) -> str:
        self.clock.jump(0.000_001)  # so that ids sort as they were asked for
        return self._ids()

    def _file(self, name: str, url: str) -> Path:
        file = self._folder / f"{name}.url"
        file.write_text(url + "\n")
        return file


def at(hour: int, minute: int = 0, *, day: int = 0) -> int:
    """Local time of the day on which the office's clock stands, µs UTC."""
    from datetime import datetime, timedelta

    noon = datetime.fromtimestamp(NOON / 1_000_000, JAKARTA)
    return from_datetime(noon.replace(hour=hour, minute=minute) + timedelta(days=day))


@asynccontextmanager
async def posting(of: Notifications) -> AsyncIterator[None]:
    """The post at work, as in the process that has the relay."""
    task = asyncio.create_task(of.post.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(of.post.close)


async def until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)
