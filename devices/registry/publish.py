"""The retained topics `imm/v1/{site}/roster/{device}`: where a device's word counts it has its message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection

from city.db import Database
from city.outbox import Deliverer
from city.outbox.retained import Area, Client, Retained
from contracts.cloudevents import CloudEvent
from contracts.roster import Entry, Reader, encode
from contracts.topics import AreaTopic
from devices.registry import records
from devices.registry.model import State
from devices.registry.voice import ALL

_MOST_SEEN: Final = 50_000


def deliverer(*, client: Client, db: Database, beside: Reader, registry: CollectorRegistry) -> Deliverer:
    """What keeps it true, for the relay. `beside`: devices of which the registry may say nothing."""

    def shown(tx: Connection) -> Iterable[AreaTopic]:
        found = records.some(tx)
        of_registry = {one.device for one in found}
        entries = [one.entry() for one in found if one.state is State.ENROLLED]
        entries += [entry for entry in beside.list() if entry.device not in of_registry]
        return [AreaTopic.roster(entry.site, entry.device) for entry in entries]

    def entry_of(tx: Connection, device: str) -> Entry | None:
        found = records.find(tx, device)
        if found is None:
            return next((entry for entry in beside.list() if entry.device == device), None)
        return found.entry() if found.state is State.ENROLLED else None

    def says(tx: Connection, topic: AreaTopic) -> bytes:
        entry = entry_of(tx, topic.subject)
        return encode(entry) if entry is not None and entry.site == topic.site else b""

    area = Area(
        name="roster",
        consumer="devices.roster",
        types=(ALL,),
        concerns=_concerns,
        shown=shown,
        says=says,
        most_seen=_MOST_SEEN,
    )
    told = Counter(
        "imm_devices_retained", "Roster messages written or cleared", ["action"], registry=registry
    )
    return Retained(area, client=client, db=db, told=told).deliverer()


def _concerns(event: CloudEvent) -> Iterable[AreaTopic]:
    """Where the device is, and where it was."""
    sites = (str(event.data[field]) for field in ("was_site", "site") if event.data.get(field))
    return [AreaTopic.roster(site, event.subject) for site in sites]
