"""Who may: every route declares it, create_app refuses one that does not, and OpenAPI tells it as `x-access`.

    @routes.get("/api/v1/incidents", dependencies=[access.needs("tangi.incidents.read")])
    async def page(caller: access.Caller) -> Response: ...

What depends on the record too (its unit, its team) the route asks itself, with `require`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request, params
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Mount

from city.identity import caller as identity
from city.identity.caller import Kind
from web.errors import Anonymous, Lacks, Undeclared

PUBLIC: Final = "public"
SIGNED_IN: Final = "signed-in"
_PERMISSION: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}")
_NOBODY: Final = identity.Caller(kind=Kind.ANONYMOUS, id=Kind.ANONYMOUS.value, name="")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Whose request it is, or why that could not be found out."""

    caller: identity.Caller = _NOBODY
    trouble: Exception | None = None  # raised where the route is not public


Resolver = Callable[[Request], Awaitable[Known]]


async def nobody(_: Request) -> Known:
    """Nobody is known: what an application does that was given no identities."""
    return Known()


async def itself(_: Request) -> Known:
    """Everyone is the platform itself: for a port that only the machine reaches, and for tests."""
    return Known(caller=identity.SYSTEM)


class Access(msgspec.Struct, frozen=True):
    """What a route asks of its caller."""

    who: str  # PUBLIC, SIGNED_IN, or the permission that is needed: `tangi.incidents.work`

    async def check(self, request: Request) -> None:
        """Let the caller in. Raises Anonymous, Lacks, or what kept him from being known."""
        known = await _known(request)
        if self.who == PUBLIC:
            return
        if known.trouble is not None:
            raise known.trouble
        if self.who == SIGNED_IN:
            if known.caller.kind == Kind.ANONYMOUS:
                raise Anonymous
        else:
            require(known.caller, self.who)


def public() -> params.Depends:
    """Everyone may, signed in or not."""
    return params.Depends(Access(PUBLIC).check)


def signed_in() -> params.Depends:
    """Everyone who is signed in may, and every app with a key."""
    return params.Depends(Access(SIGNED_IN).check)


def needs(permission: str) -> params.Depends:
    """Only who holds this permission may, for any unit."""
    if not _PERMISSION.fullmatch(permission):
        raise ValueError(f"{permission} is no permission: write programme.noun.verb")
    return params.Depends(Access(permission).check)


def require(caller: identity.Caller, permission: str, *, unit: str | None = None) -> None:
    """Go on only where the caller holds a permission, for this unit. Raises Anonymous, Lacks."""
    if caller.may(permission, unit=unit):
        return
    if caller.kind == Kind.ANONYMOUS:
        raise Anonymous
    weak = caller.kind == Kind.PERSON and not (caller.citizen or caller.strong)
    raise Lacks(permission, unit=unit or "", weak=weak)


async def _caller(request: Request) -> identity.Caller:
    return (await _known(request)).caller


Who = identity.Caller  # the record itself, for what is no route
Caller = Annotated[Who, Depends(_caller)]  # what a route takes to know who asks


def caller_of(request: Request) -> identity.Caller:
    """Whose request it is, where a route has answered or will; nobody's before, and where there is none."""
    known: Known = getattr(request.state, "known", Known())
    return known.caller


async def look(request: Request) -> Known:
    """Ask the application's resolver anew: for answers that last."""
    resolve: Resolver = request.app.state.resolve
    return await resolve(request)


async def _known(request: Request) -> Known:
    """Ask the application's resolver, once a request."""
    found: Known | None = getattr(request.state, "known", None)
    if found is None:
        request.state.known = found = await look(request)
    return found


def declared(routes: Sequence[BaseRoute]) -> Iterator[tuple[RouteContext, Access]]:
    """Each route with what it asks; files are everyone's. Raises Undeclared."""
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, Mount):
            continue
        path = route.path_format or route.path or str(route.original_route)
        if not isinstance(route.original_route, APIRoute):
            raise Undeclared(path, "it is no route of an APIRouter")
        asked = [found for one in route.dependencies if (found := _access(one))]
        if len(asked) != 1:
            raise Undeclared(path, "nothing" if not asked else " and ".join(one.who for one in asked))
        yield route, asked[0]


def _access(dependency: params.Depends) -> Access | None:
    owner = getattr(dependency.dependency, "__self__", None)
    return owner if isinstance(owner, Access) else None


def describe(document: dict[str, Any], routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """OpenAPI document in which each operation says who may."""
    paths: Mapping[str, dict[str, Any]] = document.get("paths", {})
    for route, asked in declared(routes):
        for method in route.methods or ():
            operation = paths.get(route.path_format or "", {}).get(method.lower())
            if operation is not None:
                operation["x-access"] = asked.who
    return document
