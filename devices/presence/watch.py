"""Presence at work, where the relay is: it hears statuses and ingest's feed, and says what follows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from city.db import Database, Lease
from contracts import status, topics
from contracts.errors import Refused
from contracts.feed import Accepted
from contracts.instants import DAY, HOUR, MINUTE, SECOND
from contracts.presence import Presence, Reason, State
from contracts.roster import Entry
from contracts.roster import Reader as Roster
from contracts.status import Status
from contracts.topics import Channel, Device, DeviceTopic, Kind
from devices.presence import records
from devices.presence.figures import Figures
from devices.presence.fleet import Finding, Fleet, Site
from devices.presence.settings import Settings
from devices.presence.track import Track
from devices.presence.wording import judgement
from runtime.clock import Clock
from runtime.judgements import item
from runtime.mqtt import Handler, Message
from runtime.spool import Full, Item

_ROSTER: Final = 5  # ticks between looks at the roster
_SWEEP: Final = HOUR / SECOND  # seconds between looks for changes that are old
_EARLY: Final = 10_000  # devices that the roster has not, whose word is remembered
_FRESHEN: Final = MINUTE  # what is kept of when a device was heard is at most so old


class Client(Protocol):
    """What is needed of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...


class Outbox(Protocol):
    """What is needed of the spool (runtime.spool)."""

    def extend(self, items: Sequence[Item]) -> object: ...


class Watch:
    """Weighs what is heard each tick; keeps it in the city's database; speaks to alerts through the spool."""

    def __init__(
        self,
        *,
        client: Client,
        db: Database,
        roster: Roster,
        spool: Outbox,
        clock: Clock,
        settings: Settings,
        figures: Figures,
    ) -> None:
        self.trouble = ""  # why it cannot tell; empty where all is well
        self._client = client
        self._db = db
        self._roster = roster
        self._spool = spool
        self._clock = clock
        self._settings = settings
        self._fleet = Fleet(settings, now=clock.now())
        self._fed = clock.monotonic()  # seconds: when ingest last said something
        self._early: dict[Device, Status] = {}  # said before the roster had them
        self._fresh: dict[str, int] = {}  # device → what is kept of when it was heard
        self._figures = figures
        client.subscribe(topics.every(Channel.STATUS), self._status)

    def feed(self, accepted: Accepted) -> None:
        """Take what ingest accepted; called in the loop's thread."""
        self._fed = self._clock.monotonic()
        now = self._clock.now()
        block = accepted.block
        if not block:
            return
        newest = np.full(len(block.series), np.iinfo(np.int64).min)
        np.maximum.at(newest, np.frombuffer(block.index, np.int32), np.frombuffer(block.times, np.int64))
        latest: dict[str, int] = {}
        for series, time in zip(block.series, newest.tolist(), strict=True):
            if series.metric != "status":  # that is its own word or its will's, not a measurement
                latest[series.device] = max(time, latest.get(series.device, time))
        for device, time in latest.items():
            if device not in self._fleet.tracks and (entry := self._roster.get(device)) is not None:
                self._fleet.meet(entry, now)
            self._fleet.data(device, min(time, now), now)

    async def run(self, lease: Lease) -> None:
        """Watch for ever, while the lease is ours. Raises LeaseLost."""
        await asyncio.to_thread(self._load)
        ticks, swept = 0, -_SWEEP
        while True:
            with self._figures.tick.time():
                await self._tick(lease, look=ticks % _ROSTER == 0)
            if self._clock.monotonic() - swept >= _SWEEP:
                swept = self._clock.monotonic()
                await asyncio.to_thread(self._forget)
            ticks += 1
            await asyncio.sleep(self._settings.tick)

    def _status(self, message: Message) -> None:
        message.ack()
        try:
            topic = topics.parse(message.topic)
            if not isinstance(topic, DeviceTopic):
                return
            said = status.decode(message.payload)
        except Refused:
            return  # ingest keeps it with the reason
        if not self._hear(topic.device, said) and len(self._early) < _EARLY:
            self._early[topic.device] = said  # of a device that the roster may have in a moment

    def _hear(self, device: Device, said: Status) -> bool:
        """Whether the roster has the device, so that its word counts."""
        entry = self._roster.get(device.device)
        if entry is None or not entry.speaks_as(device):
            return False
        now = self._clock.now()
        self._fleet.meet(entry, now)
        self._fleet.status(device.device, said, now)
        return True

    async def _tick(self, lease: Lease, *, look: bool) -> None:
        now = self._clock.now()
        fleet = self._fleet
        findings: list[Finding] = []
        gone: set[str] = set()
        if look and (entries := self._roster.list()):  # an empty one has not been read yet
            before = set(fleet.tracks)
            findings = fleet.know(entries, now)
            gone = before - fleet.tracks.keys()
            self._early = {one: said for one, said in self._early.items() if not self._hear(one, said)}
        silence = self._clock.monotonic() - self._fed
        deaf = silence >= self._settings.deaf or not self._client.connected.is_set()
        changed, found = fleet.tick(now, deaf=deaf)
        findings += found
        self.trouble = self._why(silence) if deaf and fleet.tracks else ""
        await self._say(findings, now)
        stale = self._stale(now) if look else []
        if changed or findings or gone or stale:
            await asyncio.to_thread(self._keep, lease, changed, stale, sorted(gone), now)
        self._figures.show(fleet)

    def _why(self, silence: float) -> str:
        if not self._client.connected.is_set():
            return "no connection to the broker: of no device it is known whether it is there"
        return f"ingest has accepted nothing for {silence:.0f} s: silence says nothing of the devices"

    async def _say(self, findings: Sequence[Finding], now: int) -> None:
        if not findings:
            return
        titles = {one.device: self._title(one.device) for one in findings if one.device}
        producer = self._settings.producer
        items = [
            item(judgement(one, producer=producer, title=titles.get(one.device, ""), now=now), producer)
            for one in findings
        ]
        while True:
            try:
                await asyncio.to_thread(self._spool.extend, items)
            except Full as error:
                self.trouble = str(error)
                await asyncio.sleep(self._settings.tick)
            else:
                break
        for one in findings:
            self._figures.findings.labels(one.verdict.value, one.why.value).inc()

    def _title(self, device: str) -> str:
        entry = self._roster.get(device)
        return entry.title or device if entry else device

    def _stale(self, now: int) -> list[Presence]:
        """Devices of which it was written down too long ago when they were heard."""
        return [
            self._fleet.shown(track, now)
            for device, track in self._fleet.tracks.items()
            if track.heard - self._fresh.get(device, 0) >= _FRESHEN
        ]

    def _load(self) -> None:
        """Go on where this process, or the one before it, stopped."""
        with self._db.read() as tx:
            known = {one.device: one for one in records.some(tx)}
            raised = records.raised_sites(tx)
        now = self._clock.now()
        for (
            device,
            one,
        ) in known.items():  # a tick clears what the roster lost
            self._fleet.meet(self._roster.get(device) or _former(one), now)
            _resume(self._fleet.tracks[device], one)
        for name, since in raised.items():
            self._fleet.sites.setdefault(name, Site()).raised = since

    def _forget(self) -> None:
        with self._db.begin() as tx:
            records.forget(tx, self._clock.now() - round(self._settings.keep_days * DAY))

    def _keep(
        self, lease: Lease, changed: list[Presence], stale: list[Presence], gone: list[str], now: int
    ) -> None:
        now_known = {one.device: one for one in (*stale, *changed)}
        with self._db.begin() as tx:
            lease.guard(tx)
            records.put(tx, list(now_known.values()), lite=self._db.lite)
            records.note(tx, changed, now)
            records.remove(tx, gone)
            records.put_sites(tx, self._fleet.sites, lite=self._db.lite)
        for one in now_known.values():
            self._fresh[one.device] = one.heard
        for device in gone:
            self._fresh.pop(device, None)


def _former(known: Presence) -> Entry:
    """The entry of a device that the roster does not know, or not yet."""
    return Entry(device=known.device, kind=Kind.SENSOR, site=known.site)


def _resume(track: Track, known: Presence) -> None:
    """What was known of a device before; what was heard since then is newer."""
    track.state, track.reason, track.since = known.state, known.reason, known.since
    track.raised = known.raised
    track.heard, track.sample = max(track.heard, known.heard), max(track.sample, known.sample)
    if track.said:
        return
    track.epoch, track.version = known.epoch, known.version
    if known.state is State.OFFLINE and known.reason in {Reason.LOST, Reason.STOPPED}:
        track.said, track.said_at, track.said_why = "offline", known.since, known.reason
