"""The keys process: holds the daily site keys in memory, and has neither broker nor store.

It is made without `app.parts`, which would bring the store into the process.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from sqlalchemy import select

import devices.history
from app.processes import http
from app.settings import Settings
from city import db
from city.errors import Unavailable
from devices.ca.tables import authorities
from devices.sitekeys import alone, holder
from devices.sitekeys.door import Registered
from devices.sitekeys.holder import Holder
from devices.sitekeys.keyring import Keyring
from devices.sitekeys.limits import Limits
from devices.sitekeys.settings import Settings as Keys
from runtime import memory, metrics
from runtime.clock import Clock, System
from runtime.service import Service
from runtime.settings import Wrong
from web import access, health
from web.health import Checks

_AGAIN: Final = 600.0  # seconds between looks for new authorities: each is there for a while before it issues
_log: Final = logging.getLogger(__name__)


async def run(settings: Settings, service: Service) -> None:
    """Answer until the service stops. Raises NotAlone, Wrong, the database's errors."""
    alone.check()
    for missing in memory.harden():
        _log.warning("site keys are kept less well than they could be: %s", missing)
    clock, registry = System(), metrics.registry()
    database = db.Database.of(settings.city)
    keyring = Keyring(clock, ahead=settings.keys.ahead)
    try:
        db.check(database, (devices.history.HISTORY,))
        context = _context(settings.keys, database, clock)
        held = Holder(
            keyring,
            Registered(database, clock),
            Limits(clock, per_hour=settings.keys.per_hour),
            most=settings.keys.connections,
            registry=registry,
        )
        server = await _listen(held, context, settings.keys)
        _log.info(
            "site keys are held in memory: a new start makes new ones, and the counts of its day have parts"
        )
        service.start("site keys", _serve(server, service.stopping), drains=True)
        service.start("authorities", _follow(context, settings.keys, database, clock, service))
        _monitor(
            settings,
            service,
            Checks(live=list, ready=service.health.snapshot, figures=lambda: metrics.exposition(registry)),
        )
        await service.stopping.wait()
        await service.wait()
    finally:
        keyring.wipe()
        database.close()


def _context(settings: Keys, database: db.Database, clock: Clock) -> ssl.SSLContext:
    for name in ("certificate_file", "key_file"):
        if getattr(settings, name) is None:
            raise Wrong(f"keys.{name}", "(nothing)", "devices ask over TLS", "name a PEM file")
    try:
        return holder.context(
            str(settings.certificate_file), str(settings.key_file), _trusted(settings, database, clock)
        )
    except (OSError, ssl.SSLError) as error:
        cure = "name PEM files that this user may read and that belong together"
        raise Wrong("keys.certificate_file", settings.certificate_file, str(error), cure) from None


def _trusted(settings: Keys, database: db.Database, clock: Clock) -> str:
    """Authorities whose devices may ask, PEM. Raises Wrong where there is none."""
    if settings.ca_file is not None:
        return _text(settings.ca_file)
    with database.read() as tx:
        rows = tx.execute(select(authorities).where(authorities.c.ends > clock.now())).all()
    if not rows:
        cure = "make it with `imm device ca init`, or name another in keys.ca_file"
        raise Wrong("keys.ca_file", "(nothing)", "there is no authority of devices", cure)
    return "".join(dict.fromkeys(pem for row in rows for pem in (row.root, row.certificate)))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Wrong("keys.ca_file", file, reason, "name a PEM file that this user may read") from None


async def _listen(held: Holder, context: ssl.SSLContext, settings: Keys) -> asyncio.Server:
    try:
        return await held.listen(context, settings.host, settings.port)
    except OSError as error:
        cure = "choose another port, or stop what holds it"
        raise Wrong("keys.port", settings.port, error.strerror or str(error), cure) from None


async def _serve(server: asyncio.Server, stopping: asyncio.Event) -> None:
    async with server:
        await stopping.wait()


async def _follow(
    context: ssl.SSLContext, settings: Keys, database: db.Database, clock: Clock, service: Service
) -> None:
    """Trust authorities that came since; what ran out counts for nothing anyway."""
    while True:
        try:
            context.load_verify_locations(cadata=await asyncio.to_thread(_trusted, settings, database, clock))
            service.health.set("database", ok=True)
        except (Unavailable, Wrong) as error:
            service.health.set("database", ok=False, reason=str(error))
        await asyncio.sleep(_AGAIN)


def _monitor(settings: Settings, service: Service, checks: Checks) -> None:
    if not settings.monitor.port:
        return
    app = FastAPI(openapi_url=None)
    app.state.resolve = access.itself  # this port is for the machine's own eyes: keep it on loopback
    app.include_router(health.router(checks))
    bound = http.listen("monitor", settings.monitor.host, settings.monitor.port)
    service.start("monitor", http.serve(app, bound, service.stopping), drains=True)
