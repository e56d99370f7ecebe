"""Operations put together: what app hands to the web shell."""

from __future__ import annotations

from pathlib import Path

from city.audit import Trail
from city.db import Database
from city.schedule import errors
from runtime.clock import Clock
from web import letters
from web.contribution import Contribution, Nav
from web.operations import clocks, pages
from web.operations.lost import Lost
from web.operations.roles import ROLES


def contribution(db: Database, *, clock: Clock, trail: Trail) -> Contribution:
    """Pages of dead letters (whose API is web.letters), pages and API of clocks."""
    lost, desk = Lost(db, clock, trail), clocks.Desk(db, clock, trail)
    return Contribution(
        name="operations",
        routers=(pages.looking(lost), pages.acting(lost), pages.resting(desk), clocks.router(desk)),
        nav=(Nav(path=pages.LETTERS, title="Operations", order=80, needs=letters.READ),),
        roles=ROLES,
        known={errors.Unknown: 404, errors.NotParked: 409},
        folder=Path(__file__).parent,
    )
