"""The API of rules: which there are, which act, and by which report."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Body, Path
from sqlalchemy import Connection
from starlette.responses import Response

from alerts.rulebook import examples
from alerts.rulebook.model import Listed, Told
from alerts.rulebook.rights import MANAGE, READ
from alerts.rulebook.service import LONGEST, Rulebook
from city.db import Database
from contracts import backtest
from web import access, etags
from web.records import Page, answers, asks, reply

_Rule = Annotated[str, Path(max_length=64, examples=[examples.RULE.id])]
_Report = Annotated[str, Body(embed=True, max_length=64, description="Hash of a report that was handed in")]
_Why = Annotated[str, Body(embed=True, max_length=LONGEST, description="Kept in the trail")]
_Reason = Annotated[str, Body(embed=True, min_length=1, max_length=LONGEST, description="Kept in the trail")]
_TOLD: Final = answers(Told, examples.TOLD, description="The rule as it is now", tagged=True)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is kept."""

    hash: str


def router(db: Database, book: Rulebook) -> APIRouter:
    """Routes under `/api/v1/rules`."""
    routes = APIRouter(prefix="/api/v1/rules", tags=["rules"])
    _reading(routes, book)
    _deciding(routes, db, book)
    return routes


def _reading(routes: APIRouter, book: Rulebook) -> None:
    read = [access.needs(READ)]

    @routes.get(
        "",
        summary="Rules, in the order of their files",
        responses=answers(Page[Listed], Page(items=[examples.LISTED])),
        dependencies=read,
    )
    async def every() -> Response:
        found, _ = await to_thread.run_sync(book.listed)
        return reply(Page(items=found))

    @routes.get(
        "/{rule}",
        summary="One rule: its content, its report, and what it said on trial",
        responses=_TOLD,
        dependencies=read,
    )
    async def one(rule: _Rule) -> Response:
        return _tagged(await to_thread.run_sync(book.get, rule))


def _deciding(routes: APIRouter, db: Database, book: Rulebook) -> None:
    manage = [access.needs(MANAGE)]

    @routes.post(
        "/{rule}/report",
        summary="Hand in a report of the rule's present content",
        description="As `imm rules test --report` writes it. The same report twice is kept once.",
        responses=answers(Kept, Kept(hash=examples.REPORT.hash)),
        openapi_extra=asks(examples.REPORT),
        dependencies=manage,
    )
    async def hand_in(
        caller: access.Caller, rule: _Rule, told: Annotated[dict[str, Any], Body()]
    ) -> Response:
        report = backtest.decode(msgspec.json.encode(told))

        def work() -> str:
            with db.begin() as tx:
                return book.hand_in(tx, caller, rule, report)

        return reply(Kept(hash=await to_thread.run_sync(work)))

    @routes.post(
        "/{rule}/activate",
        summary="Let the rule's present content act",
        description="What it says is so at this moment becomes alerts.",
        responses=_TOLD,
        openapi_extra=asks({"report": examples.REPORT.hash, "why": "Dua kali sebulan, keduanya benar"}),
        dependencies=manage,
    )
    async def activate(
        caller: access.Caller, rule: _Rule, seen: etags.Seen, report: _Report, why: _Why = ""
    ) -> Response:
        def work(tx: Connection) -> None:
            book.activate(tx, caller, rule, report, why=why, seen=seen)

        return await act(rule, work)

    @routes.post(
        "/{rule}/trial",
        summary="Let the rule act no more",
        description="What it says is kept; its alerts stay until it says that they are over.",
        responses=_TOLD,
        openapi_extra=asks({"why": "Terlalu sering"}),
        dependencies=manage,
    )
    async def trial(caller: access.Caller, rule: _Rule, seen: etags.Seen, why: _Reason) -> Response:
        def work(tx: Connection) -> None:
            book.put_on_trial(tx, caller, rule, why=why, seen=seen)

        return await act(rule, work)

    async def act(rule: str, work: Any) -> Response:
        def whole() -> Told:
            with db.begin() as tx:
                work(tx)
            return book.get(rule)

        return _tagged(await to_thread.run_sync(whole))


def _tagged(told: Told) -> Response:
    return reply(told, headers=etags.header(told.listed.revision))
