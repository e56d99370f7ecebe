"""The retained topics `imm/v1/{site}/alert/{alert}`: an alert that fires has its message, any other none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection, select

from alerts import records
from alerts.errors import Unknown
from alerts.tables import alerts, open_
from city.db import Database
from city.outbox import Deliverer
from city.outbox.retained import Area, Client, Retained
from contracts.alerts import State, encode
from contracts.cloudevents import CloudEvent
from contracts.topics import AreaTopic

_MOST_SEEN: Final = 20_000


def deliverer(*, client: Client, db: Database, registry: CollectorRegistry) -> Deliverer:
    """What keeps them true, for the relay."""
    area = Area(
        name="alert",
        consumer="alerts.retained",
        types=("alert.*",),
        concerns=_concerns,
        shown=_shown,
        says=_says,
        most_seen=_MOST_SEEN,
    )
    told = Counter(
        "imm_alerts_retained", "Retained messages written or cleared", ["action"], registry=registry
    )
    return Retained(area, client=client, db=db, told=told).deliverer()


def _concerns(event: CloudEvent) -> Iterable[AreaTopic]:
    return (AreaTopic.alert(str(event.data["site"]), event.subject),)


def _shown(tx: Connection) -> Iterable[AreaTopic]:
    firing = records.rows(tx, select(alerts).where(open_, alerts.c.state == State.FIRING))
    return [AreaTopic.alert(alert.site, alert.id) for alert in firing]


def _says(tx: Connection, topic: AreaTopic) -> bytes:
    try:
        alert = records.get(tx, topic.subject)
    except Unknown:
        return b""
    return encode(alert) if alert.state is State.FIRING and not alert.probe else b""
