"""CAP put together: what app hands to the web shell and to the relay."""

from __future__ import annotations

import msgspec

from alerts.cap import routes
from alerts.cap.errors import Unsaid
from alerts.cap.place import Places
from alerts.cap.said import Said
from alerts.cap.saying import Sayer
from alerts.cap.settings import Settings
from alerts.cap.teller import Teller
from city.db import Database
from city.geography.areas import Areas
from city.outbox import Beside
from runtime.clock import Clock
from web.contribution import Contribution


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """One sender of CAP."""

    contribution: Contribution
    beside: Beside


def wire(db: Database, areas: Areas, *, clock: Clock, settings: Settings, address: str) -> Cap:
    """CAP on this database; `address`: at which people reach the platform."""
    places = Places(areas, radius_km=settings.radius_km)
    sayer = Sayer(places, clock=clock, settings=settings, address=address)
    teller = Teller(db, sayer, sweep=settings.sweep)
    contribution = Contribution(
        name="cap",
        routers=(routes.router(Said(db), clock=clock, address=address, author=settings.name.id),),
        handlers=(teller.handler(),),
        known={Unsaid: 404},
    )
    return Cap(contribution=contribution, beside=teller.beside())
