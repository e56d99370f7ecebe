"""Administration put together: what app hands to the web shell."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from city.audit import Trail
from city.db import Database
from city.geography import Atlas
from city.identity import apps as programs
from city.identity import people as accounts
from city.identity import units as organisation
from city.identity.wiring import Identity
from city.webhooks.service import OWN, Webhooks
from runtime.calendar import NoTable, Settings, Table
from runtime.clock import Clock
from web import access, back
from web.admin import (
    apps,
    apps_api,
    audit,
    audit_api,
    days,
    days_api,
    giving,
    hook,
    hooks,
    people,
    people_api,
    person,
    sites,
    sites_api,
    surveyor,
    trail,
    units,
    units_api,
)
from web.admin.fresh import fresh
from web.admin.trail import Book, Elsewhere
from web.contribution import Contribution, Nav

ROOT: Final = "/kelola"
_PARTS: Final = (  # what one may → where it is done
    (accounts.READ, people.ROOT),
    (organisation.MANAGE, units.ROOT),
    (programs.MANAGE, apps.ROOT),
    (OWN, hooks.ROOT),
    (surveyor.MANAGE, sites.ROOT),
    (trail.READ, audit.ROOT),
)


def contribution(identity: Identity, book: Book, *, clock: Clock) -> Contribution:
    """Pages and API of people, units, roles, apps and the audit trail."""
    ask = fresh(clock)
    room, shop = person.Room(identity), apps.Room(identity, clock)
    return Contribution(
        name="admin",
        routers=(
            _start(),
            people.listing(identity),
            people.inviting(identity, ask),
            person.looking(room),
            person.managing(identity, room, ask),
            person.signing_out(identity),
            giving.giving(identity, room, ask),
            units.router(identity),
            apps.listing(identity),
            apps.one(identity, shop),
            giving.giving(identity, shop, ask),
            apps.keys(identity, shop, ask),
            audit.router(book),
            *people_api.routers(identity, ask),
            *units_api.tree(identity),
            units_api.giving(identity, ask),
            *apps_api.routers(identity, ask),
            audit_api.router(book),
        ),
        nav=(Nav(path=ROOT, title="Manage", order=90, any_of=tuple(needed for needed, _ in _PARTS)),),
        known={Elsewhere: 503},
        folder=Path(__file__).parent,
    )


def webhooks(service: Webhooks, db: Database, book: Book) -> Contribution:
    """Pages of webhooks; their API is web.webhooks."""
    desk = hooks.Desk(service, db, book)
    room = hook.Room(desk)
    routers = (hooks.router(desk), hook.looking(room), hook.acting(room), hook.telling(room))
    return Contribution(name="admin-webhooks", routers=routers)


def places(atlas: Atlas, calendar: Settings, db: Database, *, clock: Clock, trail: Trail) -> Contribution:
    """Pages and API of sites, and the calendar. Raises Wrong."""
    at_work = surveyor.Surveyor(atlas, db, trail)
    table = Table(calendar.days)
    return Contribution(
        name="admin-places",
        routers=(
            sites.listing(at_work),
            sites.changing(at_work),
            sites.removing(at_work),
            sites_api.router(at_work),
            days.router(table, calendar, clock=clock),
            days_api.router(table, joint=calendar.joint_leave),
        ),
        roles=surveyor.ROLES,
        known={NoTable: 404},
    )


def _start() -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get(ROOT)
    async def start(caller: access.Caller) -> Response:
        """To the first part that the caller may do."""
        path = next((path for needed, path in _PARTS if caller.may(needed)), back.OWN)
        return RedirectResponse(path, status_code=303)

    return routes
