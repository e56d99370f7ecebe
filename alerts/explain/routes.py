"""`/api/v1/alerts/{alert}/explanation` and its picture."""

from __future__ import annotations

from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from alerts import examples
from alerts.explain.contributors import Contributor
from alerts.explain.errors import NotDrawn, Undrawable
from alerts.explain.service import Explainer, Explanation
from alerts.routes import READ
from contracts.series import Series
from contracts.topics import Kind
from web import access, etags, language
from web.contribution import Contribution
from web.records import answers, reply, text

_Id = Annotated[str, Path(max_length=36, description="`id` of the alert", examples=[examples.ALERT.id])]
_CACHED: Final = "private, no-cache"  # it may be kept, and is asked for again with its ETag
_EXAMPLE: Final = Explanation(
    alert=examples.ALERT.id,
    revision=examples.ALERT.revision,
    evidence=examples.ALERT.evidence,
    contributors=[
        Contributor(
            series=Series(site="bima", kind=Kind.SENSOR, device="footfall-1", metric="people.in"),
            value=96.0,
            usual=31.0,
            deviation=8.2,
        )
    ],
    picture=f"/api/v1/alerts/{examples.ALERT.id}/picture",
)
_PNG: Final = text("image/png", "720 × 280 pixels") | {
    304: {"description": "As it was when it was read with this `ETag`"}
}


def contribution(explainer: Explainer) -> Contribution:
    """What explanations add to the web side, beside alerts."""
    return Contribution(
        name="alerts.explain", routers=(router(explainer),), known={Undrawable: 404, NotDrawn: 503}
    )


def router(explainer: Explainer) -> APIRouter:
    """Routes beside those of alerts."""
    routes = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], dependencies=[access.needs(READ)])

    @routes.get(
        "/{alert}/explanation",
        summary="Why an alert is there, and what else moved",
        responses=answers(Explanation, _EXAMPLE, tagged=True),
    )
    async def explanation(alert: _Id) -> Response:
        found = await to_thread.run_sync(explainer.explain, alert)
        return reply(found, headers=etags.header(found.revision))

    @routes.get(
        "/{alert}/picture",
        summary="Its series, the window that decided and what was expected, drawn",
        responses=_PNG,
        response_class=Response,
    )
    async def picture(alert: _Id, request: Request) -> Response:
        known = await to_thread.run_sync(explainer.get, alert)
        tongue = language.choose(request)
        headers = {
            "ETag": f'"{known.revision}-{tongue.value}"',
            "Cache-Control": _CACHED,
            "Vary": "Accept-Language, Cookie",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        png = await explainer.picture(known, tongue.value)
        return Response(png, media_type="image/png", headers=headers)

    return routes
