"""Notices put together, for app to hand to whoever needs them."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from prometheus_client import CollectorRegistry

from city.db import Database
from city.notifications.asking import Notices
from city.notifications.attempt import Attempts
from city.notifications.books import Books
from city.notifications.courier import Courier
from city.notifications.figures import Figures
from city.notifications.hook import hook
from city.notifications.inbox import Inbox
from city.notifications.outlet import Outlet
from city.notifications.plan import Planner
from city.notifications.ports import Directory
from city.notifications.post import Post
from city.notifications.preferences import Preferences
from city.notifications.providers.port import Provider
from city.notifications.settings import Settings
from city.notifications.subscriptions import Subscriptions
from city.notifications.templates import Catalogue
from city.privacy import Hook, Vault
from runtime.clock import Clock
from runtime.ids import Factory


class Notifications(msgspec.Struct, frozen=True, kw_only=True):
    """How people are told."""

    catalogue: Catalogue
    notices: Notices
    inbox: Inbox
    preferences: Preferences
    subscriptions: Subscriptions
    courier: Courier
    post: Post
    hook: Hook
    push_key: str  # `applicationServerKey` for browsers; empty: no pushes


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What telling people takes."""

    catalogue: Catalogue  # words
    providers: Sequence[Provider]  # gateways
    directory: Directory  # who people are
    vault: Vault  # keeps what tells of them
    site: str = ""  # address at which people reach the platform, for links: https://…


def wire(
    db: Database,
    means: Means,
    *,
    clock: Clock,
    ids: Factory,
    zone: ZoneInfo,
    settings: Settings,
    registry: CollectorRegistry,
) -> Notifications:
    """Notices on this database. Raises Refused (quiet hours)."""
    catalogue, found, vault = means.catalogue, means.providers, means.vault
    figures = Figures(registry)
    outlets = [Outlet(one, clock=clock, figures=figures, settings=settings) for one in found]
    preferences = Preferences(catalogue, quiet=settings.quiet)
    subscriptions = Subscriptions(clock=clock, ids=ids, hosts=settings.push.hosts, vault=vault)
    planner = Planner(
        db,
        clock=clock,
        zone=zone,
        directory=means.directory,
        preferences=preferences,
        subscriptions=subscriptions,
        # A gateway that writes to a fixed room makes its channel work without an address.
        addressed={one.channel: all(o.addressed for o in found if o.channel == one.channel) for one in found},
    )
    attempts = Attempts(catalogue, clock=clock, zone=zone, site=means.site, planner=planner, vault=vault)
    books = Books(db, clock=clock, planner=planner, figures=figures, settings=settings, vault=vault)
    return Notifications(
        catalogue=catalogue,
        notices=Notices(catalogue, clock=clock, ids=ids, vault=vault),
        inbox=Inbox(catalogue, zone=zone, vault=vault),
        preferences=preferences,
        subscriptions=subscriptions,
        courier=Courier(catalogue, outlets, zone=zone, site=means.site),
        post=Post(db, attempts=attempts, books=books, outlets=outlets, settings=settings),
        hook=hook(vault, subscriptions),
        push_key=next((getattr(one, "public", "") for one in found if one.channel == "push"), ""),
    )
