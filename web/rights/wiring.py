"""A person's rights put together: what app hands to the web shell."""

from __future__ import annotations

from pathlib import Path

from city.audit import Trail
from city.db import Database
from city.identity.wiring import Identity
from city.privacy import Subjects
from runtime.clock import Clock
from web.contribution import Contribution, Nav
from web.rights import api, pages
from web.rights.desk import Desk
from web.rights.roles import MANAGE, ROLES


def contribution(
    db: Database, identity: Identity, subjects: Subjects, *, clock: Clock, trail: Trail
) -> Contribution:
    """Pages and API. `subjects`: asks every package."""
    desk = Desk(db, identity, subjects, clock=clock, trail=trail)
    return Contribution(
        name="rights",
        routers=(pages.finding(desk), pages.erasing(desk), api.router(desk)),
        nav=(Nav(path=pages.ROOT, title="Personal data", order=85, needs=MANAGE),),
        roles=ROLES,
        folder=Path(__file__).parent,
    )
