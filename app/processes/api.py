"""The API process: REST, server-sent events and the console."""

from __future__ import annotations

import asyncio

import city.errors
import city.privacy.errors
import city.protected.errors
from app.assembly import Assembly
from app.parts import Parts
from app.processes import http
from runtime import metrics
from store import errors as store_errors
from web.health import Checks
from web.shell import LOOPBACK, create_app

KNOWN = {
    store_errors.Retry: 503,
    store_errors.Gone: 503,
    store_errors.Failure: 500,
    **city.privacy.errors.KNOWN,
    **city.protected.errors.KNOWN,
}


async def start(parts: Parts, assembly: Assembly) -> None:
    """Start to answer."""
    settings = parts.settings.api
    app = create_app(
        assembly.contributions,
        db=parts.db,
        clock=parts.clock,
        checks=checks(parts),
        known=KNOWN,
        hosts=(*LOOPBACK, *settings.names),
        stopping=parts.service.stopping,
        resolve=parts.account.resolve,
        limited=settings.limits,
        kept=parts.idempotency,
    )
    for name in ("database", "store"):
        parts.service.health.set(name, ok=False, reason="not looked at yet")
    parts.service.start("api health", _watch(parts))
    parts.follow_roster()
    bound = http.listen("api", settings.host, settings.port)
    parts.service.start(
        "api", http.serve(app, bound, parts.service.stopping, proxies=settings.proxies), drains=True
    )


async def _watch(parts: Parts) -> None:
    """Look at what answers come from, as long as the process lives."""
    looks = {"database": parts.db.ping, "store": parts.store.dead_letters.count}
    while True:
        for name, look in looks.items():
            try:
                await asyncio.to_thread(look)
            except (city.errors.Failure, store_errors.Failure) as error:
                parts.service.health.set(name, ok=False, reason=str(error))
            else:
                parts.service.health.set(name, ok=True)
        await asyncio.sleep(2)


def checks(parts: Parts) -> Checks:
    """What the health routes ask: a process lives while it answers; it is ready when every part is well."""
    return Checks(
        live=tuple,
        ready=parts.service.health.snapshot,
        figures=lambda: metrics.exposition(parts.registry),
    )
