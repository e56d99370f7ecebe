"""What every part of an agent stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from contracts.topics import Device
from edge import status
from edge.alerts.board import Board
from edge.alerts.rule import merged
from edge.clock.steady import Steady
from edge.health.notify import Notifier
from edge.health.progress import Progress
from edge.live import Live
from edge.recorder import Reading
from edge.settings import Settings
from edge.state import Folder
from edge.thinning import Thinner
from runtime import mqtt
from runtime.service import Health, Service
from runtime.spool import Spool
from runtime.uplink import Uplink

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_STALLED = 60.0  # seconds without a turn after which the uplink counts as stalled: a slow disk takes some


class Source(Protocol):
    """Something that can be read."""

    @property
    def name(self) -> str:
        """For logs."""
        ...

    async def read(self) -> list[Reading]:
        """What it shows now; what it lacks is absent. Raises OSError where it cannot be read at all."""
        ...


class Station:
    """What every agent stands on."""

    def __init__(
        self, settings: Settings, service: Service, clock: Steady, spool: Spool, device: Device | None
    ) -> None:
        self.settings = settings
        self.live = Live(settings)  # those of the settings that the desk may change
        self.service = service
        self.clock = clock
        self.spool = spool
        self.home = Folder(settings.home)
        self.known = asyncio.Event()  # the time is, and what was recorded before has got it: it may leave
        self.registry = _registry(settings)
        self.client = mqtt.Client(
            settings.broker,
            client_id=settings.device,
            will=status.will(device, since=clock.now(), epoch=spool.epoch) if device else None,
            clock=clock,
        )
        self.uplink = Uplink(
            spool,
            self.client,
            clock=clock,
            settings=settings.uplink,
            registry=self.registry,
            opened=self.known,
        )
        self.device = device
        self.started = clock.now()
        self.health = Health(clock)
        self.board = Board(merged(settings.alerts), self.home, clock)
        self.thinner = Thinner()
        self.progress = Progress(clock)
        self.progress.watch("uplink", _STALLED, lambda: self.uplink.turned)
        self.notifier = Notifier()


def _registry(settings: Settings) -> CollectorRegistry | None:
    """Figures only where somebody may scrape them: their library costs a tenth of an agent's memory."""
    if not settings.metrics_port:
        return None
    from runtime import metrics

    return metrics.registry()


Work = Callable[[Station], Awaitable[None]]
