"""Commands, shadows and rollouts on one database; and what of them works beside the outbox's relay."""

from __future__ import annotations

from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from city.audit import Trail
from city.db import Database
from city.outbox import Deliverer
from city.outbox.consumers import Beside
from contracts import alerts
from contracts.roster import Reader
from devices.commands import Desk, routes
from devices.commands import errors as command_errors
from devices.commands.online import Client, Online
from devices.commands.post import Post
from devices.commands.roles import COMMANDERS
from devices.commands.service import ForProgrammes
from devices.control import pages, rights, rollout_pages
from devices.control.pages import Room
from devices.presence.reader import Book
from devices.reach import Reach
from devices.roles import READ
from devices.rollouts import Rollouts
from devices.rollouts import errors as rollout_errors
from devices.rollouts import routes as rollout_routes
from devices.rollouts.driver import Driver
from devices.rollouts.gate import Watch
from devices.rollouts.roles import MANAGE as ROLL_OUT
from devices.rollouts.roles import MANAGERS
from devices.shadow import Shadows
from devices.shadow import errors as shadow_errors
from devices.shadow import routes as shadow_routes
from devices.shadow.herald import Herald
from devices.shadow.roles import WRITERS
from runtime.clock import Clock
from runtime.ids import Factory
from web.contribution import Contribution, Nav

ROLES = (*COMMANDERS, *WRITERS, *MANAGERS)


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What people and programmes use."""

    desk: Desk
    shadows: Shadows
    rollouts: Rollouts
    programmes: ForProgrammes


class Hands(msgspec.Struct, frozen=True, kw_only=True):
    """What works where the relay does."""

    besides: tuple[Beside, ...] = ()
    deliverers: tuple[Deliverer, ...] = ()


def wire(db: Database, *, clock: Clock, ids: Factory, trail: Trail, roster: Reader) -> Control:
    """On this database."""
    reach = Reach(roster)
    desk = Desk(db, clock=clock, ids=ids, trail=trail, reach=reach)
    shadows = Shadows(db, clock=clock, ids=ids, trail=trail, reach=reach)
    rollouts = Rollouts(db, shadows, clock=clock, ids=ids, trail=trail, reach=reach)
    return Control(desk=desk, shadows=shadows, rollouts=rollouts, programmes=ForProgrammes(desk, db))


def hands(
    control: Control,
    db: Database,
    *,
    clock: Clock,
    client: Client,
    roster: Reader,
    alarms: alerts.Desk,
    registry: CollectorRegistry,
) -> Hands:
    """The MQTT side, on the connection of the process that has the relay."""
    online = Online(client, roster, clock)
    post = Post(db=db, clock=clock, client=client, online=online, voice=control.desk.voice, registry=registry)
    herald = Herald(
        db=db, clock=clock, client=client, roster=roster, service=control.shadows, registry=registry
    )
    driver = Driver(
        db=db,
        clock=clock,
        shadows=control.shadows,
        roster=roster,
        gate=Watch(Book(db), roster, alarms, clock),
        voice=control.rollouts.voice,
    )
    return Hands(besides=(post.beside(), driver.beside()), deliverers=(herald.deliverer(),))


def contribution(
    control: Control, db: Database, roster: Reader, *, deliverers: tuple[Deliverer, ...] = ()
) -> Contribution:
    """What they add to the web side; `deliverers` where this process relays events."""
    return Contribution(
        name="control",
        routers=(
            routes.router(db, control.desk),
            shadow_routes.router(db, control.shadows),
            rollout_routes.router(db, control.rollouts),
            pages.router(Room(db, control.desk, control.shadows, roster)),
            rollout_pages.router(db, control.rollouts),
        ),
        nav=(Nav(path=rollout_pages.ROOT, title="Rollouts", order=35, needs=ROLL_OUT),),
        roles=ROLES,
        hears={"command.*": READ, "shadow.*": READ, "rollout.*": ROLL_OUT},
        deliverers=deliverers,
        subjects=(rights.hook(),),
        retention=rights.policies(),
        known={**command_errors.KNOWN, **shadow_errors.KNOWN, **rollout_errors.KNOWN},
        folder=Path(__file__).parent,
    )
