"""The notification centre put together: what app hands to the web shell."""

from __future__ import annotations

from pathlib import Path

from city.db import Database
from city.notifications import Notifications, errors
from runtime.clock import Clock
from web.contribution import Contribution
from web.notices import api, choosing, pages, settling
from web.notices.own import Own
from web.notices.roles import ROLES


def contribution(db: Database, notifications: Notifications, *, clock: Clock) -> Contribution:
    """Pages and API of one's notices, and what notices have of a person."""
    own = Own(db, notifications, clock)
    return Contribution(
        name="notices",
        routers=(
            choosing.choices(own),
            choosing.browsers(own),
            api.router(own),
            pages.worker(),
            settling.router(own),
            pages.router(own),
        ),
        roles=ROLES,
        subjects=(notifications.hook,),
        known={errors.Unknown: 404, errors.Locked: 409, errors.Unsent: 503, errors.NoVault: 503},
        folder=Path(__file__).parent,
    )
