"""The web application: every package's contribution under one policy, one look and one kind of error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import RedirectResponse, Response

from city.db import Database
from city.db.listen import listen
from city.errors import Outdated, Unavailable
from city.idempotency import Idempotency
from city.outbox import Tail
from city.outbox.events import NUMBERED
from contracts.errors import Refused
from runtime.clock import Clock
from web import (
    access,
    assets,
    back,
    etags,
    health,
    language,
    limits,
    once,
    problems,
    records,
    schemas,
    sse,
    style,
)
from web.contribution import Contribution
from web.errors import Anonymous, BadKey, Clash, Lacks, NotBuilt, TooOften, Unseen
from web.pages import Pages
from web.security import Guard
from web.settings import Limits

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_HERE: Final = Path(__file__).parent
_BUILT: Final = ("build/htmx.js", "build/leaflet.js", "build/uplot.js")
# Every page asks for these two once; maps, charts and a package's own looks come by the block `head`.
_LOOK: Final = ("tokens", "base", "frame", "parts", "buttons", "forms", "states", "tables", "moves", "dialog")
_JOINED: Final = {
    "web/look.css": tuple(f"{name}.css" for name in _LOOK),
    "web/shell.js": ("live.js", "parts.js"),
}
_KNOWN: Final = {
    Anonymous: 401,
    BadKey: 401,
    Lacks: 403,
    Outdated: 412,
    Unseen: 428,
    TooOften: 429,
    Unavailable: 503,
    **once.KNOWN,
}
_log: Final = logging.getLogger(__name__)


def create_app(  # noqa: PLR0913 - all comes together here, each by its name
    contributions: Sequence[Contribution],
    *,
    db: Database,
    clock: Clock,
    checks: health.Checks,
    known: problems.Known | None = None,
    hosts: Sequence[str] = LOOPBACK,
    stopping: asyncio.Event | None = None,
    resolve: access.Resolver = access.nobody,
    limited: Limits | None = None,
    kept: Idempotency | None = None,
) -> FastAPI:
    """Application of all contributions. Raises Clash, NotBuilt, Undeclared.

    `known`: errors of what stands below the contributions, and their status; `hosts`: names it answers to.
    `stopping`: when set, streams of events end, so that the server need not wait for them.
    `resolve`: finds out whose request it is. `limited`: how often and how much one may ask.
    `kept`: what was done under an Idempotency-Key; without it, routes that make something answer 500.
    """
    bounds = limited or Limits()
    folders = _folders(contributions)
    static = assets.Assets(_existing(folders, "static"), joined=_JOINED)
    for name in _BUILT:
        if f"web/{name}" not in static:
            raise NotBuilt(f"web/static/{name}")
    stream = sse.Stream(Tail(db), Tail(db))
    app = FastAPI(
        title="IMM platform",
        description="What the city's devices sense, turned into things people act on. Times are µs UTC.",
        version="1",
        openapi_url=None,  # a route of ours, which says who may
        docs_url=None,  # its page needs scripts of a foreign host, which the content security policy forbids
        redoc_url=None,
        responses=records.refusals(),
        dependencies=[Depends(limits.Callers(bounds, clock).check)],
        generate_unique_id_function=_operation,
        lifespan=_lifespan(stream, db, stopping or asyncio.Event()),
    )
    app.state.pages = Pages(
        _existing(folders, "templates"),
        language.load(_existing(folders, "locale").values()),
        assets=static,
        nav=[entry for contribution in contributions for entry in contribution.nav],
        clock=clock,
    )
    app.state.resolve = resolve
    app.state.db = db
    app.state.idempotency = kept
    app.mount(assets.PREFIX, static)
    app.include_router(_description(app))
    app.include_router(health.router(checks))
    hears = {pattern: needed for one in contributions for pattern, needed in one.hears.items()}
    app.include_router(sse.router(stream, hears))
    app.include_router(style.router())
    errors: dict[type[Exception], int] = {**_KNOWN, **(known or {})}
    for contribution in contributions:
        for router in contribution.routers:
            app.include_router(router)
        errors |= contribution.known
    _answer_errors(app, errors)
    app.add_middleware(GZipMiddleware)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    large = {path: size for one in contributions for path, size in one.large.items()}
    app.add_middleware(limits.Bounds, settings=bounds, clock=clock, large=large)
    app.add_middleware(Guard)  # added last, so it stands outermost: every answer carries its headers
    _tidy(app)
    for _ in access.declared(app.routes):
        pass  # refuses a route that says nothing
    return app


def _operation(route: APIRoute) -> str:
    """Name of an operation, of which FastAPI makes names of schemas as well."""
    tag = str(route.tags[0]) if route.tags else "page"
    return f"{tag}-{route.name}".replace(" ", "-")


def _description(app: FastAPI) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[access.public()])

    @routes.get("/api/v1/openapi.json")
    async def openapi() -> Response:
        return records.reply(app.openapi())

    return routes


def _folders(contributions: Sequence[Contribution]) -> dict[str, Path]:
    folders = {"web": _HERE}
    for contribution in contributions:
        if contribution.folder is not None:
            if contribution.name in folders:
                raise Clash(contribution.name)
            folders[contribution.name] = contribution.folder
    return folders


def _existing(folders: dict[str, Path], child: str) -> dict[str, Path]:
    return {name: folder / child for name, folder in folders.items() if (folder / child).is_dir()}


def _lifespan(stream: sse.Stream, db: Database, stopping: asyncio.Event) -> Any:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(stream.run(), name="web events"),
            asyncio.create_task(listen(db, [NUMBERED]), name="web notifications"),
            asyncio.create_task(_end(stream, stopping), name="web stop"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    return lifespan


async def _end(stream: sse.Stream, stopping: asyncio.Event) -> None:
    await stopping.wait()
    stream.stop()


def _answer_errors(app: FastAPI, known: problems.Known) -> None:
    async def answer(request: Request, error: Exception) -> Response:
        problem = problems.of(error, known)
        if problem.status >= 500:
            # The route, not the address: a one-time link has its secret there.
            route = getattr(request.scope.get("route"), "path_format", request.url.path)
            _log.error("%s %s failed", request.method, route, exc_info=error)
        headers = problems.retry_after(error) | etags.told(error)
        headers |= dict(getattr(error, "headers", None) or {})
        if place := back.instead(request, error):
            if "hx-request" in request.headers:
                headers["HX-Redirect"] = place  # all of the page goes there, not the part that asked
            elif problems.wants_page(request):
                return RedirectResponse(place, status_code=303)
        if problems.wants_page(request):
            pages: Pages = app.state.pages
            return pages.render(
                request, "web/problem.html", status=problem.status, headers=headers, problem=problem
            )
        return problems.answer(problem, headers)

    for kind in (RequestValidationError, HTTPException, Refused, *known, Exception):
        app.add_exception_handler(kind, answer)


def _tidy(app: FastAPI) -> None:
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = access.describe(schemas.tidy(plain()), app.routes)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI's documentation shows
