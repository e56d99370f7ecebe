"""The page `/kelola/kalender`: on which days offices are closed and why, and when they are open."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from babel.dates import format_date
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts import instants
from runtime.calendar import NoTable, Settings, Table
from runtime.clock import Clock
from web import access, forms, language
from web.admin.days_api import days
from web.pages import render

ROOT: Final = "/kelola/kalender"
_FAR: Final = 5  # years before and after this one that are shown
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def router(table: Table, settings: Settings, *, clock: Clock) -> APIRouter:
    """The page."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.signed_in()])

    @routes.get("")
    async def page(
        request: Request, year: Annotated[int | None, Query(alias="tahun", ge=1970, le=2200)] = None
    ) -> Response:
        today = instants.to_datetime(clock.now()).astimezone(forms.ZONE).date()
        first, last = today.year - _FAR, today.year + _FAR
        chosen = min(max(year or today.year, first), last)
        try:
            found = table.year(chosen)
        except NoTable:
            found = None
        speaks = language.choose(request).value
        return render(
            request,
            "admin/days.html",
            chosen=chosen,
            year=found,
            free=[(one, _said(one.day, speaks)) for one in days(found)] if found else [],
            fasting=[
                (_said(month.first, speaks), _said(month.last, speaks), month.expected)
                for month in (found.ramadan if found else ())
            ],
            week=[
                (
                    format_date(date(2024, 1, number), "EEEE", locale=speaks),
                    getattr(settings.hours, name),
                    getattr(settings.ramadan, name),
                )
                for number, name in enumerate(_DAYS, 1)  # 1 January 2024 was a Monday
            ],
            joint=settings.joint_leave,
            before=chosen - 1 if chosen > first else None,
            after=chosen + 1 if chosen < last else None,
            today=today,
        )

    return routes


def _said(day: date, speaks: str) -> str:
    return format_date(day, "EEEE, d MMMM", locale=speaks)
