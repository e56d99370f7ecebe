"""The life of one agent: spool, uplink, counts and its word of itself, around the work that it does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from contracts import instants
from contracts.topics import Channel, Device
from edge import status
from edge.alerts import desired
from edge.clock import keep
from edge.clock.steady import Steady
from edge.control import Control, Plug, controlled
from edge.enrol import plug as enrolled
from edge.health.tend import tend
from edge.health.trouble import Memory
from edge.sampler import sampler
from edge.settings import Settings
from edge.station import Source, Station, Work
from edge.updates import plug as updating
from runtime import mqtt
from runtime.clock import Clock
from runtime.service import Service
from runtime.spool import Full, Spool

_THREADS: Final = 3  # for the disk and for sources that block: each costs memory, and few ever wait
_HOUR_LATE: Final = 2.0  # seconds after an hour's close until it is told: samples of its last moments are in
_log: Final = logging.getLogger(__name__)
__all__ = ["Control", "Plug", "Source", "Station", "Work", "run", "sampler"]


async def run(
    settings: Settings,
    service: Service,
    clock: Clock,
    work: Work,
    *,
    device: Device | None,
    plugs: Sequence[Plug] = (),
) -> None:
    """One agent from start to orderly stop; `work` is what it does. A given device has a status and obeys.

    `plugs` add what it can do for the desk. Raises spool.Busy, spool.Unusable, spool.Full,
    commands.errors.Unkept, runtime.settings.Wrong at the start.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="work"))
    steady = clock if isinstance(clock, Steady) else Steady(clock)
    with Memory(steady) as memory, _spool(settings, steady) as spool:
        station = Station(settings, service, steady, spool, device)
        keep.begin(station)
        async with station.client, _exposed(station):
            if device:
                station.client.on_connect(lambda: _say(station))
            done = asyncio.Event()
            service.start("uplink", _send(station, done), drains=True)
            service.start("clock", keep.keep(station))
            if device and not steady.known:
                service.start("known", _say_again(station))
            service.start("tally", _tell(station))
            service.start("health", tend(station, memory))
            with controlled(station, device, (desired.plug, enrolled.plug, updating.plug, *plugs)):
                try:
                    await _until_stopped(service, work(station))
                finally:
                    done.set()
                await service.wait()
            keep.remember(station)


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
                await station.known.wait()
                await station.uplink.drained()
                station.spool.tell()  # the last word, once no earlier one waits
                await station.uplink.drained()
        if station.client.connected.is_set():
            now = station.clock.now()
            offline = status.of(
                "offline",
                since=now,
                epoch=station.spool.epoch,
                connection=station.client.attempt,
                reason="stopped",
            )
            await _publish(station, offline)
        if left := sum(station.spool.depth().values()):
            _log.info("%d batches wait in %s for the next start", left, station.settings.spool.path)
    finally:
        for task in (sending, waiting):
            task.cancel()
        await asyncio.wait({sending, waiting})


def _say(station: Station) -> None:
    if not station.service.stopping.is_set():
        online = status.of(
            "online",
            since=station.clock.fix(station.started),
            epoch=station.spool.epoch,
            connection=station.client.attempt,
        )
        station.service.start("status", _publish(station, online))


async def _say_again(station: Station) -> None:
    """What was said before the time was known had no time to it."""
    await station.known.wait()
    if station.client.connected.is_set():
        _say(station)


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
        if station.known.is_set() and (now - told >= station.live.tally or closed > hour):
            told, hour = now, max(hour, closed)
            try:
                await asyncio.to_thread(station.spool.tell)
            except Full as error:
                _log.error("%s", error)


@contextlib.asynccontextmanager
async def _exposed(station: Station) -> AsyncIterator[None]:
    """Figures for Prometheus on loopback, where a port is set."""
    if station.registry is None:
        yield
        return
    from prometheus_client import start_http_server

    server, thread = start_http_server(
        station.settings.metrics_port, addr="127.0.0.1", registry=station.registry
    )
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
