"""Health and figures of a process that has no API."""

from __future__ import annotations

from fastapi import FastAPI

from app.parts import Parts
from app.processes import http
from app.processes.api import checks
from web import access, health


async def start(parts: Parts) -> None:
    """Answer `/healthz`, `/readyz`, `/metrics` where the settings say so."""
    settings = parts.settings.monitor
    if not settings.port:
        return
    app = FastAPI(openapi_url=None)
    app.state.resolve = access.itself  # this port is for the machine's own eyes: keep it on loopback
    app.include_router(health.router(checks(parts)))
    bound = http.listen("monitor", settings.host, settings.port)
    parts.service.start("monitor", http.serve(app, bound, parts.service.stopping), drains=True)
