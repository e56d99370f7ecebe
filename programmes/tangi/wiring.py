"""TANGI put together: what app hands to the web shell, and what others may use through ports."""

from __future__ import annotations

from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from city.db import Database
from programmes.tangi import pages, routes
from programmes.tangi.errors import NotNow, Unknown
from programmes.tangi.events import Ear, Voice
from programmes.tangi.probes import Probes
from programmes.tangi.roles import READ, ROLES
from programmes.tangi.service import Incidents
from runtime.clock import Clock
from runtime.ids import Factory
from web.contribution import Contribution, Nav


class Tangi(msgspec.Struct, frozen=True, kw_only=True):
    """One desk."""

    incidents: Incidents
    probes: Probes
    contribution: Contribution


def wire(db: Database, *, clock: Clock, ids: Factory, registry: CollectorRegistry) -> Tangi:
    """The desk on this database."""
    probes = Probes(db, clock=clock, registry=registry)
    voice = Voice(ids=ids)
    incidents = Incidents(db, clock=clock, voice=voice)
    ear = Ear(clock=clock, ids=ids, voice=voice, probes=probes)
    contribution = Contribution(
        name="tangi",
        routers=(routes.router(incidents, probes), pages.router(incidents)),
        nav=(Nav(path=pages.ROOT, title="Incidents", order=20, needs=READ),),
        roles=ROLES,
        hears={"incident.*": READ},
        handlers=(ear.handler(),),
        known={Unknown: 404, NotNow: 409},
        folder=Path(__file__).parent,
    )
    return Tangi(incidents=incidents, probes=probes, contribution=contribution)
