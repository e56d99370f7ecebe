"""The fleet put together: what app hands to the web shell, and what other processes use of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from prometheus_client import CollectorRegistry

from city.audit import Trail
from city.db import Database
from city.files import Files, Links
from city.imports import Imports
from city.outbox import Deliverer
from city.privacy import Vault
from city.search import Index
from contracts.enrolment import Broker
from contracts.roster import Reader
from devices import errors
from devices.ca import Authority
from devices.enrolment import Accounts, Claims, Enrolment, Renewal
from devices.enrolment import routes as enrolment_routes
from devices.enrolment.ending import Ending
from devices.enrolment.giving import Giver
from devices.pages import RESERVED, chart, presence, strays, upkeep
from devices.pages import device as page
from devices.pages import fleet as pages
from devices.pages.board import Board
from devices.pages.device import Room
from devices.pages.sections import Section
from devices.registry import Registry, findable, papers_api, routes, tables_api
from devices.registry.maintenance import Maintenance
from devices.registry.papers import Papers
from devices.registry.voice import ALL
from devices.roles import READ, ROLES
from devices.settings import Settings
from devices.updates.telling import told
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.settings import Wrong
from web.contribution import Contribution, Nav


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """All that devices have on the server."""

    registry: Registry
    authority: Authority
    claims: Claims
    enrolment: Enrolment
    renewal: Renewal
    accounts: Accounts
    ending: Ending


def wire(  # noqa: PLR0913 - all comes together here, each by its name
    db: Database,
    *,
    clock: Clock,
    ids: Factory,
    trail: Trail,
    vault: Vault,
    settings: Settings,
    address: str,
    reserved: Collection[str] = (),
    metrics: CollectorRegistry | None = None,
    index: Index | None = None,
) -> Fleet:
    """The fleet on this database. `address`: at which people and devices reach the platform. Raises Wrong."""
    registry = Registry(
        db,
        clock=clock,
        ids=ids,
        trail=trail,
        vault=vault,
        reserved={*reserved, *RESERVED},
        index=index,
    )
    authority = Authority(vault, clock=clock, ids=ids, days=settings.days)
    claims = Claims(
        registry,
        clock=clock,
        ids=ids,
        mac=vault.keys.mac,
        server=address,
        pin=_pin(settings.certificate),
        settings=settings,
    )
    accounts = Accounts(registry, vault, clock=clock)
    giver = Giver(
        authority,
        _broker(settings, address),
        vouched=_vouched(settings),
        renew=settings.renew,
        updates=told(settings, address),
    )
    common: dict[str, Any] = {"clock": clock, "registry": registry, "authority": authority, "giver": giver}
    return Fleet(
        registry=registry,
        authority=authority,
        claims=claims,
        enrolment=Enrolment(db, claims=claims, throttle=settings.throttle, metrics=metrics, **common),
        renewal=Renewal(settings=settings, **common),
        accounts=accounts,
        ending=Ending(registry, claims, authority, accounts),
    )


def contribution(  # noqa: PLR0913 - likewise
    fleet: Fleet,
    db: Database,
    imports: Imports,
    *,
    files: Files,
    links: Links,
    roster: Reader,
    sites: Callable[[], Iterable[chart.Spot]],
    clock: Clock,
    deliverers: tuple[Deliverer, ...] = (),
    sections: tuple[Section, ...] = (),
) -> Contribution:
    """What devices add to the web side; `deliverers` where this process relays events.

    `sites`: places of the city with a name; `sections`: what other parts show on a device's page.
    """
    board = Board(db, roster, clock)
    papers = Papers(db, fleet.registry, files)
    room = Room(
        db,
        fleet.registry,
        authority=fleet.authority,
        claims=fleet.claims,
        accounts=fleet.accounts,
        ending=fleet.ending,
        roster=roster,
        sections=(presence.section(db, clock), *sections, papers_api.section(papers, links)),
    )
    return Contribution(
        name="devices",
        routers=(
            routes.router(db, fleet.registry, fleet.ending),
            tables_api.router(fleet.registry, imports),
            enrolment_routes.router(
                db, fleet.registry, fleet.claims, fleet.enrolment, fleet.authority, fleet.accounts
            ),
            papers_api.router(papers, links),
            pages.router(fleet.registry, pages.Desk(db, board, clock)),
            chart.router(board, sites, clock),
            strays.router(db),
            upkeep.router(room, Maintenance(fleet.registry, clock), clock),
            page.router(room),
        ),
        nav=(Nav(path=pages.ROOT, title="Devices", order=30, needs=READ),),
        roles=ROLES,
        search=(findable.SOURCE,),
        hears={ALL: READ},
        deliverers=deliverers,
        known={**errors.KNOWN, **tables_api.KNOWN},
        large={**tables_api.LARGE, **papers_api.LARGE},
        folder=Path(__file__).parent / "pages",
    )


def _broker(settings: Settings, address: str) -> Broker:
    told = settings.broker
    host = told.host or urlsplit(address).hostname or "localhost"
    return Broker(host=host, port=told.port, tls=told.tls)


def _vouched(settings: Settings) -> str:
    if settings.broker.ca_file is None:
        return ""
    return _text("devices.broker.ca_file", settings.broker.ca_file)


def _pin(certificate: Path | None) -> str:
    """SHA-256 of the public key in a certificate; empty where none is named."""
    if certificate is None:
        return ""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        found = x509.load_pem_x509_certificate(_text("devices.certificate", certificate).encode())
    except ValueError:
        raise Wrong(
            "devices.certificate", certificate, "no certificate in PEM", "name the API's own"
        ) from None
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def _text(setting: str, path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "is no PEM"
        raise Wrong(setting, path, reason, "name a file in PEM that this user may read") from None
