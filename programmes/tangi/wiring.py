"""TANGI put together: what app hands to the web shell, and what others may use through ports."""

from __future__ import annotations

from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from city.audit import Trail
from city.db import Database
from city.identity.holders import Holders
from city.notifications import Notices
from city.schedule import Clocks
from city.search import Index
from programmes.tangi import findable, pages, rights, routes
from programmes.tangi.assigning import Assigning
from programmes.tangi.deadlines import Deadlines
from programmes.tangi.effects import Effects
from programmes.tangi.errors import NotNow, Unknown
from programmes.tangi.events import Ear
from programmes.tangi.probes import Probes
from programmes.tangi.roles import READ, ROLES
from programmes.tangi.service import Incidents
from programmes.tangi.settings import Settings
from programmes.tangi.telling import Teller
from programmes.tangi.visits import Visits
from programmes.tangi.voice import Voice
from runtime.clock import Clock
from runtime.ids import Factory
from web.contribution import Contribution, Nav


class Core(msgspec.Struct, frozen=True, kw_only=True):
    """What of the city the desk stands on."""

    trail: Trail
    notices: Notices  # with the words of `notices/`
    holders: Holders
    clocks: Clocks
    index: Index


class Tangi(msgspec.Struct, frozen=True, kw_only=True):
    """One desk."""

    incidents: Incidents
    assigning: Assigning
    probes: Probes
    ear: Ear
    contribution: Contribution


def wire(
    db: Database,
    core: Core,
    *,
    clock: Clock,
    ids: Factory,
    registry: CollectorRegistry,
    settings: Settings | None = None,
) -> Tangi:
    """The desk on this database."""
    settings = settings or Settings()
    probes = Probes(db, clock=clock, registry=registry)
    voice = Voice(ids=ids)
    teller = Teller(core.notices, core.holders)
    deadlines = Deadlines(core.clocks, voice=voice, teller=teller, settings=settings.due)
    effects = Effects(voice=voice, teller=teller, deadlines=deadlines, index=core.index)
    visits = Visits(db, trail=core.trail, clock=clock)
    incidents = Incidents(db, clock=clock, effects=effects, visits=visits)
    assigning = Assigning(db, clock=clock, holders=core.holders, effects=effects, visits=visits)
    ear = Ear(clock=clock, ids=ids, effects=effects, probes=probes, units=settings.units)
    contribution = Contribution(
        name="tangi",
        routers=(routes.router(incidents, assigning, probes), pages.router(incidents, assigning)),
        nav=(Nav(path=pages.ROOT, title="Incidents", order=20, needs=READ),),
        roles=ROLES,
        hears={"incident.*": READ},
        handlers=(ear.handler(),),
        clocks=(deadlines.handler(),),
        subjects=(rights.hook(),),
        retention=(rights.policy(core.index, days=settings.keep_days),),
        search=(findable.SOURCE,),
        known={Unknown: 404, NotNow: 409},
        folder=Path(__file__).parent,
    )
    return Tangi(incidents=incidents, assigning=assigning, probes=probes, ear=ear, contribution=contribution)
