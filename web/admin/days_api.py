"""`/api/v1/calendar`: on which days offices are closed and why, for programs that count working days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from runtime.calendar import Ramadan, Table, Year
from web import access
from web.records import answers, reply


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is not as its weekday is."""

    day: date
    name: str  # as the decree writes it, in Indonesian; empty where only a local rule names the day
    kind: str  # national, joint (leave: closed only where `joint_leave`), worked (open by a local rule)


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Such days of one year; weekends are not among them."""

    year: int
    source: str  # decree, or what the days were estimated with
    expected: bool  # whether it is an estimate
    joint_leave: bool  # whether offices are closed on joint leave
    days: list[Day]
    ramadan: list[Ramadan]  # when offices keep other hours


_SAID: Final = "SKB 1497/2025, 2/2025, 5/2025"
_EXAMPLE: Final = Days(
    year=2026,
    source=_SAID,
    expected=False,
    joint_leave=True,
    days=[Day(day=date(2026, 8, 17), name="Proklamasi Kemerdekaan", kind="national")],
    ramadan=[Ramadan(first=date(2026, 2, 19), last=date(2026, 3, 20), source="Sidang isbat")],
)


def router(table: Table, *, joint: bool) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/api/v1/calendar", tags=["calendar"], dependencies=[access.signed_in()])

    @routes.get("/{year}", summary="Days of a year that are not as usual", responses=answers(Days, _EXAMPLE))
    async def year(year: Annotated[int, Path(ge=2000, le=2100, examples=[2026])]) -> Response:
        found = table.year(year)
        told = Days(
            year=year,
            source=found.source,
            expected=found.expected,
            joint_leave=joint,
            days=days(found),
            ramadan=list(found.ramadan),
        )
        return reply(told)

    return routes


def days(year: Year) -> list[Day]:
    """Its days in order; one that is worked by a local rule is told as that alone."""
    named = {day: (name, "joint") for day, name in year.joint.items()}
    named |= {day: (name, "national") for day, name in year.national.items()}
    named |= {day: (named.get(day, ("", ""))[0], "worked") for day in year.work}
    return [Day(day=day, name=name, kind=kind) for day, (name, kind) in sorted(named.items())]
