"""The work of an agent that samples: readings at a steady pace into the spool, probes beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from contracts.topics import Device, Kind
from edge.clock import keep
from edge.reading import Reader
from edge.recorder import Reading, Recorder
from edge.sampling import ticks
from edge.station import Source, Station, Work
from runtime.spool import Full, Lane
from runtime.uplink import plain

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_NO_PROBE: Final = 3_600.0  # seconds between looks where no probes are wanted
_PROBES_BEHIND: Final = 10  # batches of the event lane; behind more no probe is sent
_PATIENCE: Final = 30.0  # seconds that one source may take at most, and no longer than a period
_STALLED: Final = 3.0  # periods without a turn after which sampling counts as stalled, beside the patience
_log: Final = logging.getLogger(__name__)


def sampler(kind: Kind, sources: Sequence[Source]) -> Work:
    """Work of an agent that samples."""

    async def work(station: Station) -> None:
        settings = station.settings
        device = Device(site=settings.site, kind=kind, device=settings.device)
        recorder = Recorder(station.spool, device, station.clock, encoding=settings.encoding)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_sample(station, recorder, sources), name="sample")
            tasks.create_task(_probe(station, recorder), name="probe")

    return work


async def _sample(station: Station, recorder: Recorder, sources: Sequence[Source]) -> None:
    live = station.live
    period = live.period
    figures = _Figures(station.registry)
    reader = Reader(sources, station.health, patience=min(period, _PATIENCE))
    station.progress.watch("sampling", _PATIENCE + _STALLED * period)
    try:
        async for missed in ticks(lambda: live.period, station.clock):
            if period != live.period:
                period = live.period
                station.progress.watch("sampling", _PATIENCE + _STALLED * period)
            station.progress.turn("sampling")
            if missed:
                figures.missed.inc(missed)
                _log.warning("%d samples missed: the machine was too busy, or asleep", missed)
            time = station.clock.now()
            found = await reader.read() + _own(station)
            await station.board.tell(station.board.judge(found), recorder)
            wanted = [one for one in found if live.wants(one.metric)]
            readings = station.thinner.take(wanted, station.spool.size() / station.spool.limit)
            recorder.speak(live.encoding)
            await _record(station, recorder, readings, time, figures)
    finally:
        station.progress.forget("sampling")
        reader.close()


async def _record(
    station: Station, recorder: Recorder, readings: list[Reading], time: int, figures: _Figures
) -> None:
    try:
        figures.recorded.inc(await recorder.record(readings, time))
    except Full as error:
        station.health.set("disk", False, str(error))
        _log.error("%s", error)
    else:
        station.health.set("disk", True)


def _own(station: Station) -> list[Reading]:
    spool = station.spool
    return [
        *keep.readings(station.clock),
        Reading(metric="agent.spooled", value=float(sum(spool.depth().values()))),
        Reading(metric="agent.stride", value=float(station.thinner.stride)),
        Reading(metric="agent.spool.size", value=float(spool.size())),
    ]


async def _probe(station: Station, recorder: Recorder) -> None:
    """Send probes while the path is open: one that waits tells nothing, and would take an alarm's place."""
    async for _ in ticks(lambda: station.live.probe or _NO_PROBE, station.clock):
        if (
            not station.live.probe
            or not (station.client.connected.is_set() and station.known.is_set())
            or station.spool.depth()[Lane.EVENT] > _PROBES_BEHIND
        ):
            continue
        try:
            await recorder.probe()
        except Full as error:
            _log.error("%s", error)


class _Figures:
    """Counters, where somebody may scrape them."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self.recorded = self.missed = plain.NOTHING
        if registry is not None:
            from prometheus_client import Counter

            self.recorded = Counter("imm_agent_samples", "Samples recorded", registry=registry)
            self.missed = Counter(
                "imm_agent_missed", "Ticks at which nothing could be sampled", registry=registry
            )
