"""Alerts put together, for app to hand to the web shell."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from alerts import routes
from alerts.desk import Desk
from alerts.errors import Lapsed, NoGroup, NoSilence
from alerts.groups import routes as group_routes
from alerts.groups.service import Groups
from alerts.means import Means
from alerts.quiet import ending
from alerts.quiet import routes as silence_routes
from alerts.quiet.service import Silences
from alerts.rights import READ
from alerts.ward import TEND, Ward
from city import schedule
from city.db import Database
from city.outbox import Deliverer
from city.schedule import Fired
from runtime.clock import Clock
from runtime.ids import Factory
from web.contribution import Contribution


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """What people do with alerts."""

    desk: Desk
    silences: Silences
    groups: Groups
    handlers: tuple[schedule.Handler, ...]
    db: Database


def wire(db: Database, means: Means, *, clock: Clock, ids: Factory) -> Alerts:
    """Alerts on this database."""
    silences = Silences(db, clock=clock, ids=ids, means=means)

    def tend(tx: Connection, fired: Fired) -> None:
        ward = Ward(tx, now=fired.now, ids=ids, means=means)
        payload = {name: str(value) for name, value in fired.payload.items()}
        ward.tend(payload["scope"], payload["of"], payload["after"])
        ward.close()

    return Alerts(
        desk=Desk(db, clock=clock, ids=ids, means=means),
        silences=silences,
        groups=Groups(db, clock=clock, ids=ids, means=means),
        handlers=(
            schedule.Handler(kind=TEND, fire=tend),
            schedule.Handler(kind=ending.CLOCK, fire=silences.fire),
        ),
        db=db,
    )


def contribution(alerts: Alerts, *, deliverers: tuple[Deliverer, ...] = ()) -> Contribution:
    """What alerts add to the web side; `deliverers` where this process relays events."""
    plain = routes.contribution(alerts.desk, deliverers=deliverers)
    return msgspec.structs.replace(
        plain,
        routers=(
            *plain.routers,
            group_routes.router(alerts.db, alerts.groups),
            silence_routes.router(alerts.db, alerts.silences),
        ),
        hears={**plain.hears, "alert_group.*": READ, "silence.*": READ},
        clocks=alerts.handlers,
        known={**plain.known, NoGroup: 404, NoSilence: 404, Lapsed: 409},
    )
