"""The living style page `/gaya`: every component in every state, drawn by the macros that pages use."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts import instants
from contracts.judgements import Text
from web import access, forms
from web.pages import render

ROOT: Final = "/gaya"
_PAIRS: Final = (  # what is written on what: the page shows that it can be read
    ("ink", "surface"),
    ("soft", "surface"),
    ("link", "surface"),
    ("ink", "ground"),
    ("soft", "quiet-ground"),
    ("on-action", "action"),
    ("on-action", "danger"),
    ("extreme", "extreme-ground"),
    ("severe", "severe-ground"),
    ("moderate", "moderate-ground"),
    ("minor", "minor-ground"),
    ("well", "well-ground"),
)
_HALF: Final = 30 * instants.MINUTE


class Topic(StrEnum):
    """What the example of a form asks for."""

    LIGHT = "light"
    ROAD = "road"
    WASTE = "waste"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the example of a map."""

    title: str
    lat: float
    lon: float
    tone: str
    text: str
    href: str = ""


_PLACES: Final = (
    Place(title="Alun-alun Kejaksan", lat=-6.7106, lon=108.5566, tone="severe", text="812"),
    Place(title="Stasiun Cirebon", lat=-6.7052, lon=108.5553, tone="well", text="214", href="#peta"),
    Place(title="Stadion Bima", lat=-6.7385, lon=108.5372, tone="moderate", text="430", href="#peta"),
    Place(title="Keraton Kasepuhan", lat=-6.7264, lon=108.5711, tone="minor", text="96"),
    Place(title="Pelabuhan", lat=-6.7141, lon=108.5722, tone="offline", text="–"),
)
_AREA: Final = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "Contoh"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [
                        [108.53, -6.745],
                        [108.578, -6.738],
                        [108.58, -6.708],
                        [108.553, -6.699],
                        [108.531, -6.712],
                        [108.53, -6.745],
                    ]
                ],
            },
        }
    ],
}


def router() -> APIRouter:
    """Routes under `/gaya`."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.public()])

    @routes.get("")
    async def page(
        request: Request, sort: Annotated[str, Query(pattern="^-?(name|count)$")] = "name"
    ) -> Response:
        return render(request, "web/style/index.html", **_context(forms.of(name="Sri Wahyuni")), sort=sort)

    @routes.get("/wilayah")
    async def areas() -> Response:
        return Response(msgspec.json.encode(_AREA), media_type="application/geo+json")

    @routes.get("/tanya")
    async def question(request: Request) -> Response:
        return render(request, "web/style/question.html", form=forms.Form())

    @routes.post("/tanya")
    async def answer(request: Request, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        read.text("name", most=80)
        read.number("count", least=1, most=50)
        read.moment("due")
        read.choice("topic", Topic)
        told = read.text("story", most=500, least=10)
        if read.faults:
            return render(request, "web/style/question.html", status=422, form=read.form)
        return render(request, "web/style/answer.html", story=told)

    return routes


def _context(plain: forms.Form) -> dict[str, object]:
    start = 1_790_000_000_000_000
    rows = [
        (
            start + at * _HALF,
            round(400 + 300 * math.sin(at / 5), 1),
            None if 18 <= at < 23 else round(300 + 120 * math.cos(at / 7), 1),
        )
        for at in range(48)
    ]
    wrong = forms.Form(
        id="wrong",
        values={"name": ("",), "count": ("seratus",), "topic": ("light",), "story": ("gelap",)},
    )
    return {
        "pairs": _PAIRS,
        "plain": plain,
        "wrong": _read(wrong),
        "places": _PLACES,
        "rows": rows,
        "areas": f"{ROOT}/wilayah",
        "sentence": Text(
            id="Lampu jalan padam di Jalan Siliwangi", en="A street light is out in Jalan Siliwangi"
        ),
    }


def _read(form: forms.Form) -> forms.Form:
    read = forms.Reading(form)
    read.text("name", most=80)
    read.number("count", least=1, most=50)
    read.moment("due")
    read.text("story", most=500, least=10)
    return read.form
