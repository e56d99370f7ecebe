"""The one loop of all agents: readings at a steady pace → spool → uplink, counts and probes beside them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, start_http_server

from contracts import instants
from contracts.topics import Channel, Device, Kind
from edge import status
from edge.recorder import Reading, Recorder
from edge.sampling import ticks
from edge.settings import Settings
from runtime import metrics, mqtt
from runtime.clock import Clock
from runtime.service import Service
from runtime.spool import Full, Lane, Spool
from runtime.uplink import Uplink

_HOUR_LATE: Final = 2.0  # seconds after an hour's close until it is told: samples of its last moments are in
_PROBES_BEHIND: Final = 10  # batches of the event lane; behind more no probe is sent
_log: Final = logging.getLogger(__name__)
Work = Callable[["Station"], Awaitable[None]]


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
        self, settings: Settings, service: Service, clock: Clock, spool: Spool, device: Device | None
    ) -> None:
        self.settings = settings
        self.service = service
        self.clock = clock
        self.spool = spool
        self.registry = metrics.registry()
        self.client = mqtt.Client(
            settings.broker,
            client_id=settings.device,
            will=status.will(device, since=clock.now(), epoch=spool.epoch) if device else None,
            clock=clock,
        )
        self.uplink = Uplink(
            spool, self.client, clock=clock, settings=settings.uplink, registry=self.registry
        )
        self.device = device
        self.started = clock.now()


async def run(
    settings: Settings, service: Service, clock: Clock, work: Work, *, device: Device | None
) -> None:
    """One agent from start to orderly stop; `work` is what it does. The status of a given device is kept.

    Raises spool.Busy, spool.Unusable, spool.Full, runtime.settings.Wrong at the start.
    """
    with _spool(settings, clock) as spool:
        station = Station(settings, service, clock, spool, device)
        async with station.client, _exposed(station):
            if device:
                station.client.on_connect(lambda: _say(station))
            done = asyncio.Event()
            service.start("uplink", _send(station, done), drains=True)
            service.start("tally", _tell(station))
            try:
                await _until_stopped(service, work(station))
            finally:
                done.set()
            await service.wait()


def _spool(settings: Settings, clock: Clock) -> Spool:
    path = settings.spool.path
    path.parent.mkdir(parents=True, exist_ok=True)
    return Spool(path, clock=clock, limit_bytes=settings.spool.limit_bytes)


async def _until_stopped(service: Service, work: Awaitable[None]) -> None:
    """Do work until it is through or the service stops; the rest of the agent then takes its leave."""
    task = asyncio.ensure_future(work)
    stop = asyncio.create_task(service.stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            service.stop()
    finally:
        for one in (task, stop):
            one.cancel()
        await asyncio.wait({task, stop})


async def _send(station: Station, done: asyncio.Event) -> None:
    """Run the uplink until the work is done, and then as long as the farewell lasts."""
    sending = asyncio.create_task(station.uplink.run())
    waiting = asyncio.create_task(done.wait())
    try:
        await asyncio.wait({sending, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        with contextlib.suppress(TimeoutError, Full):  # what is not told now is told after the next start
            async with asyncio.timeout(station.settings.farewell):
                await station.uplink.drained()
                station.spool.tell()  # the last word, once no earlier one waits
                await station.uplink.drained()
        if station.client.connected.is_set():
            now = station.clock.now()
            offline = status.of("offline", since=now, epoch=station.spool.epoch, reason="stopped")
            await _publish(station, offline)
        if left := sum(station.spool.depth().values()):
            _log.info("%d batches wait in %s for the next start", left, station.settings.spool.path)
    finally:
        for task in (sending, waiting):
            task.cancel()
        await asyncio.wait({sending, waiting})


def _say(station: Station) -> None:
    if not station.service.stopping.is_set():
        online = status.of("online", since=station.started, epoch=station.spool.epoch)
        station.service.start("status", _publish(station, online))


async def _publish(station: Station, payload: bytes) -> None:
    if station.device is None:
        return
    try:
        async with asyncio.timeout(station.settings.broker.patience):
            await station.client.publish(station.device.topic(Channel.STATUS), payload, retain=True)
    except (mqtt.Lost, TimeoutError):
        pass  # said again on the next connection
    except mqtt.Denied as error:
        _log.warning("the broker refused our status: %s", error)


async def _tell(station: Station) -> None:
    """Tell the ledger our counts: at a steady pace, and soon after each hour's close."""
    told = station.clock.monotonic()
    hour = station.clock.now() // instants.HOUR
    while True:
        await asyncio.sleep(1.0)
        now = station.clock.monotonic()
        closed = (station.clock.now() - round(_HOUR_LATE * instants.SECOND)) // instants.HOUR
        if now - told >= station.settings.tally or closed > hour:
            told, hour = now, max(hour, closed)
            try:
                await asyncio.to_thread(station.spool.tell)
            except Full as error:
                _log.error("%s", error)


@contextlib.asynccontextmanager
async def _exposed(station: Station) -> AsyncIterator[None]:
    """Figures for Prometheus on loopback, where a port is set."""
    if not station.settings.metrics_port:
        yield
        return
    server, thread = start_http_server(
        station.settings.metrics_port, addr="127.0.0.1", registry=station.registry
    )
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


def sampler(kind: Kind, sources: Sequence[Source]) -> Work:
    """Work of an agent that samples."""

    async def work(station: Station) -> None:
        settings = station.settings
        device = Device(site=settings.site, kind=kind, device=settings.device)
        recorder = Recorder(station.spool, device, station.clock, encoding=settings.encoding)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_sample(station, recorder, sources), name="sample")
            if settings.probe:
                tasks.create_task(_probe(station, recorder), name="probe")

    return work


async def _sample(station: Station, recorder: Recorder, sources: Sequence[Source]) -> None:
    figures = _Figures(station.registry)
    failing: set[str] = set()
    async for missed in ticks(station.settings.period, station.clock):
        if missed:
            figures.missed.inc(missed)
            _log.warning("%d samples missed: the machine was too busy, or asleep", missed)
        time = station.clock.now()
        readings = [reading for source in sources for reading in await _read(source, failing)]
        readings += _own(station.spool)
        try:
            figures.recorded.inc(await recorder.record(readings, time))
        except Full as error:
            _log.error("%s", error)


async def _read(source: Source, failing: set[str]) -> list[Reading]:
    """Readings of one source; one that fails leaves the others alone, and is told of once."""
    try:
        readings = await source.read()
    except OSError as error:
        if source.name not in failing:
            failing.add(source.name)
            _log.warning("%s cannot be read: %s", source.name, error)
        return []
    if source.name in failing:
        failing.remove(source.name)
        _log.info("%s can be read again", source.name)
    return readings


def _own(spool: Spool) -> list[Reading]:
    return [
        Reading(metric="agent.spooled", value=float(sum(spool.depth().values()))),
        Reading(metric="agent.spool.size", value=float(spool.size())),
    ]


async def _probe(station: Station, recorder: Recorder) -> None:
    """Send probes while the path is open: one that waits tells nothing, and would take an alarm's place."""
    async for _ in ticks(station.settings.probe, station.clock):
        if not station.client.connected.is_set() or station.spool.depth()[Lane.EVENT] > _PROBES_BEHIND:
            continue
        try:
            await recorder.probe()
        except Full as error:
            _log.error("%s", error)


class _Figures:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.recorded = Counter("imm_agent_samples", "Samples recorded", registry=registry)
        self.missed = Counter(
            "imm_agent_missed", "Ticks at which nothing could be sampled", registry=registry
        )
