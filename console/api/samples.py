"""`/api/v1/series` and `/api/v1/query/…`: which series there are, and what they say."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from console.api import examples
from console.asking import Asker
from console.roles import SERIES
from contracts import instants
from contracts.errors import Refused
from contracts.series import Buckets, Last, Points, Reader, Selector, Series, Statistic
from contracts.topics import Kind
from runtime.clock import Clock
from web import access, paging
from web.records import Page, answers, reply

MOST_BUCKETS: Final = 20_000  # of one series in one answer: more than any chart shows
_Text = Annotated[str, Query(max_length=64)]
_Start = Annotated[str, Query(max_length=40, description="RFC 3339 or µs; an hour before the end if empty")]
_End = Annotated[str, Query(max_length=40, description="RFC 3339 or µs; now if empty")]
_Texts = Annotated[list[str] | None, Query(max_length=100)]


def _selector(
    site: _Text = "",
    kind: Kind | None = None,
    device: _Texts = None,
    metric: _Texts = None,
    instance: _Text | None = None,
) -> Selector:
    return Selector(
        site=site, kind=kind, devices=tuple(device or ()), metrics=tuple(metric or ()), instance=instance
    )


_Chosen = Annotated[Selector, Depends(_selector)]


def router(reader: Reader, clock: Clock, asker: Asker) -> APIRouter:
    """Routes of series and samples."""
    routes = APIRouter(prefix="/api/v1", tags=["series"], dependencies=[access.needs(SERIES)])

    @routes.get(
        "/series",
        summary="Known series",
        responses=answers(Page[Series], Page(items=[examples.SERIES], next=None)),
    )
    async def page(
        chosen: _Chosen,
        cursor: Annotated[str, Query(max_length=800)] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Response:
        after = _series(cursor) if cursor else None
        found = await asker.ask("the store", lambda: reader.list(chosen, after=after, limit=limit + 1))
        following = paging.cursor(*_parts(found[limit - 1])) if len(found) > limit else None
        return reply(Page(items=found[:limit], next=following))

    @routes.get(
        "/query/last", summary="Newest sample of each series", responses=answers(list[Last], [examples.LAST])
    )
    async def last(chosen: _Chosen) -> Response:
        return reply(await asker.ask("the store", lambda: reader.last(chosen)))

    @routes.get(
        "/query/range",
        summary="Samples of a span, oldest first",
        responses=answers(list[Points], [examples.POINTS]),
    )
    async def span(
        chosen: _Chosen,
        start: _Start = "",
        end: _End = "",
        limit: Annotated[int, Query(ge=1, le=100_000, description="Samples over all series")] = 10_000,
    ) -> Response:
        since, until = _span(start, end, clock.now())
        return reply(await asker.ask("the store", lambda: reader.range(chosen, since, until, limit=limit)))

    @routes.get(
        "/query/aggregate",
        summary="One statistic per step",
        responses=answers(list[Buckets], [examples.BUCKETS]),
    )
    async def aggregate(
        chosen: _Chosen,
        start: _Start = "",
        end: _End = "",
        step: Annotated[float, Query(gt=0, le=366 * 86_400, description="Seconds of a bucket")] = 60,
        statistic: Statistic = Statistic.MEAN,
    ) -> Response:
        since, until = _span(start, end, clock.now())
        width = max(1, instants.from_seconds(step))
        if (until - since) // width > MOST_BUCKETS:
            raise Refused(
                "step", step, f"makes more than {MOST_BUCKETS} buckets: widen it or shorten the span"
            )
        return reply(
            await asker.ask(
                "the store",
                lambda: reader.aggregate(chosen, since, until, step=width, statistic=statistic),
            )
        )

    return routes


def _span(start: str, end: str, now: int) -> tuple[int, int]:
    until = paging.instant("end", end) if end else now
    since = paging.instant("start", start) if start else until - instants.HOUR
    if since >= until:
        raise Refused("start", start or since, "must lie before the end")
    return since, until


def _parts(of: Series) -> tuple[str, Kind, str, str, str, str]:
    return of.site, of.kind, of.device, of.metric, of.instance, of.unit


def _series(text: str) -> Series:
    site, kind, device, metric, instance, unit = paging.place(text, tuple[str, Kind, str, str, str, str])
    return Series(site=site, kind=kind, device=device, metric=metric, instance=instance, unit=unit)
