"""Enrolment's API: codes for people, certificates for devices, lists for brokers."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Body, Request
from sqlalchemy import Connection
from starlette.responses import Response

from city.db import Database
from city.identity.came import Came
from contracts import enrolment
from contracts.enrolment import LARGEST_CSR, Ask, Given
from devices.ca import Authority, Issued
from devices.enrolment import examples
from devices.enrolment.accounts import Accounts, Shown
from devices.enrolment.claims import Claims, Made, Open
from devices.enrolment.enrol import Enrolment
from devices.registry.live import EVERY
from devices.registry.routes import Id, written
from devices.registry.service import Registry
from devices.roles import ENROL, READ
from web import access, once
from web.records import Page, answers, asks, reply, text

# Seconds until ingest and the broker know a new device, which connects as soon as it has its answer.
_GOT_ABOUT: Final = 1.5 * EVERY

_Words = Annotated[dict[str, str], Body(max_length=32, description="What it says of itself, by name")]


class _Pem(Response):
    """Certificates (RFC 8555)."""

    media_type = "application/pem-certificate-chain"


class _Lists(Response):
    """Lists of what is revoked; DER has a registered type, several in PEM have none."""

    media_type = "application/x-pem-file"


def router(
    db: Database,
    registry: Registry,
    claims: Claims,
    enrolment_: Enrolment,
    authority: Authority,
    accounts: Accounts,
) -> APIRouter:
    """Routes under `/api/v1`."""
    routes = APIRouter(prefix="/api/v1", tags=["enrolment"])
    _joining(routes, enrolment_)
    _claims(routes, db, registry, claims)
    _accounts(routes, db, accounts)
    _certificates(routes, db, registry, authority)
    return routes


def _joining(routes: APIRouter, enrolment_: Enrolment) -> None:
    @routes.post(
        enrolment.PATH.removeprefix("/api/v1"),
        summary="Join the fleet, as a device that was handed a code; the same request is answered again",
        responses=answers(Given, examples.GIVEN),
        openapi_extra=asks(examples.ASK),
        dependencies=[access.public()],
    )
    async def enrol(
        request: Request,
        code: Annotated[str, Body(max_length=100)],
        csr: Annotated[str, Body(max_length=LARGEST_CSR, description="PKCS #10 in PEM, ECDSA on P-256")],
        hardware: _Words = {},  # noqa: B006 - FastAPI copies it
        versions: _Words = {},  # noqa: B006 - FastAPI copies it
    ) -> Response:
        ask = Ask(code=code, csr=csr, hardware=hardware, versions=versions)
        source = Came(address=request.client.host if request.client else "").source
        given = await to_thread.run_sync(lambda: enrolment_.enrol(ask, source=source))
        await asyncio.sleep(_GOT_ABOUT)
        return reply(given)


def _claims(routes: APIRouter, db: Database, registry: Registry, claims: Claims) -> None:
    may = [access.needs(ENROL)]

    @routes.post(
        "/devices/{device}/claims",
        summary="A code for a device, shown this once; it takes the place of open ones",
        status_code=201,
        responses=answers(Made, examples.MADE, status=201),
        openapi_extra=asks({"seconds": 3600}),
        dependencies=may,
    )
    async def claim(
        caller: access.Caller,
        once_: once.Required,
        device: Id,
        seconds: Annotated[
            float | None, Body(embed=True, ge=60, le=31_536_000, description="That it lasts; else as set")
        ] = None,
    ) -> Response:
        def work(tx: Connection) -> Response:
            return reply(claims.make(tx, caller, device, seconds=seconds), status=201)

        return await once_.within(work)

    @routes.get(
        "/devices/{device}/claims",
        summary="Open codes of a device, without the codes",
        responses=answers(Page[Open], Page(items=[examples.OPEN])),
        dependencies=[access.needs(READ)],
    )
    async def opened(caller: access.Caller, device: Id) -> Response:
        found = await to_thread.run_sync(registry.get, caller, device)
        return reply(Page(items=await written(db, lambda tx: claims.open(tx, caller, found))))

    @routes.delete(
        "/devices/{device}/claims",
        summary="Let open codes open nothing",
        status_code=204,
        dependencies=may,
    )
    async def withdraw(caller: access.Caller, device: Id) -> Response:
        await written(db, lambda tx: claims.withdraw(tx, caller, device))
        return Response(status_code=204)


def _accounts(routes: APIRouter, db: Database, accounts: Accounts) -> None:
    may = [access.needs(ENROL)]

    @routes.post(
        "/devices/{device}/account",
        summary="A password for a sensor that cannot make a key, shown this once",
        status_code=201,
        responses=answers(Shown, examples.SHOWN, status=201),
        dependencies=may,
    )
    async def account(caller: access.Caller, once_: once.Required, device: Id) -> Response:
        return await once_.within(lambda tx: reply(accounts.make(tx, caller, device), status=201))

    @routes.delete(
        "/devices/{device}/account", summary="Take the password back", status_code=204, dependencies=may
    )
    async def unlock(caller: access.Caller, device: Id) -> Response:
        await written(db, lambda tx: accounts.remove(tx, caller, device))
        return Response(status_code=204)


def _certificates(routes: APIRouter, db: Database, registry: Registry, authority: Authority) -> None:
    @routes.get(
        "/devices/{device}/certificates",
        summary="Certificates of a device, newest first",
        responses=answers(Page[Issued], Page(items=[examples.ISSUED])),
        dependencies=[access.needs(READ)],
    )
    async def certificates(caller: access.Caller, device: Id) -> Response:
        await to_thread.run_sync(registry.get, caller, device)
        return reply(Page(items=await written(db, lambda tx: authority.of(tx, device))))

    @routes.get(
        "/authority.pem",
        summary="Whom brokers and devices are to trust",
        responses=text(_Pem.media_type, examples.PEM),
        response_class=_Pem,
        dependencies=[access.public()],
    )
    async def trusted() -> Response:
        return _Pem(await written(db, authority.trusted))

    @routes.get(
        "/authority.crl",
        summary="What is revoked: a list of each authority that issues, in PEM, good for a week",
        responses=text(_Lists.media_type, examples.CRL),
        response_class=_Lists,
        dependencies=[access.public()],
    )
    async def revoked() -> Response:
        return _Lists(await written(db, authority.revoked))
