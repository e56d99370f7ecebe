"""The API process: REST, server-sent events and the console."""

from __future__ import annotations

from app.assembly import Assembly
from app.parts import Parts
from app.processes import http
from runtime import metrics
from store import errors as store_errors
from web.health import Checks
from web.shell import LOOPBACK, create_app

KNOWN = {store_errors.Retry: 503, store_errors.Gone: 503, store_errors.Failure: 500}


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
    )
    bound = http.listen("api", settings.host, settings.port)
    parts.service.start("api", http.serve(app, bound, parts.service.stopping), drains=True)


def checks(parts: Parts) -> Checks:
    """What the health routes ask: a process lives while it answers; it is ready when every part is well."""
    return Checks(
        live=tuple,
        ready=parts.service.health.snapshot,
        figures=lambda: metrics.exposition(parts.registry),
    )
