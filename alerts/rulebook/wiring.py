"""The rulebook's part of the web side."""

from __future__ import annotations

from pathlib import Path

from alerts.rulebook import pages, routes
from alerts.rulebook.errors import KNOWN
from alerts.rulebook.pages import Reading
from alerts.rulebook.rights import READ, ROLES
from alerts.rulebook.service import Rulebook
from city.db import Database
from web.contribution import Contribution, Nav


def contribution(db: Database, book: Rulebook, reading: Reading) -> Contribution:
    """Routes, pages, roles and events of rules."""
    return Contribution(
        name="rulebook",
        routers=(routes.router(db, book), pages.router(db, book, reading)),
        nav=(Nav(path=pages.ROOT, title="Rules", order=38, needs=READ),),
        roles=ROLES,
        hears={"rule.*": READ},
        known=KNOWN,
        folder=Path(__file__).parent,
    )
