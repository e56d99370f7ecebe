"""Whether the process lives, whether it can work, and its figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from runtime import metrics
from runtime.service import Part
from web import access
from web.records import answers, reply, text
from web.roles import FIGURES


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All parts; `ok` where every one is."""

    ok: bool
    parts: Sequence[Part]


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What the shell asks; each answers at once from memory."""

    live: Callable[[], Sequence[Part]]
    ready: Callable[[], Sequence[Part]]
    figures: Callable[[], bytes]  # runtime.metrics.exposition


def router(checks: Checks) -> APIRouter:
    """Routes `/healthz`, `/readyz`, `/metrics`."""
    everyone = [access.public()]
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="Whether the process lives", responses=_STATES, dependencies=everyone)
    async def healthz() -> Response:
        return _reply(checks.live())

    @routes.get("/readyz", summary="Whether the process can work", responses=_STATES, dependencies=everyone)
    async def readyz() -> Response:
        return _reply(checks.ready())

    @routes.get(
        "/metrics",
        summary="Figures for Prometheus",
        responses=_FIGURES,
        response_class=Response,
        dependencies=[access.needs(FIGURES)],
    )
    async def exposition() -> Response:
        return Response(checks.figures(), media_type=metrics.CONTENT_TYPE)

    return routes


def _reply(parts: Sequence[Part]) -> Response:
    ok = all(part.ok for part in parts)
    return reply(State(ok=ok, parts=parts), status=200 if ok else 503)


_FIGURES: Final = text("text/plain", "imm_probe_seconds_count 60.0\n")
_WELL: Final = State(ok=True, parts=[Part(name="database", ok=True, reason="", since=1_795_478_400_000_000)])
_ILL: Final = State(
    ok=False, parts=[Part(name="store", ok=False, reason="disk full", since=1_795_478_400_000_000)]
)
_STATES: Final = answers(State, _WELL) | answers(
    State, _ILL, status=503, description="At least one part is not well"
)
