"""Pages under `/kelola/lokasi`: the places of the city that have a name, on a map."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from city.errors import Outdated
from city.geography import KOTA, Atlas, Site
from city.geography.areas import Level
from city.geography.errors import Fixed
from contracts.errors import Refused
from contracts.judgements import Text
from web import access, forms, once
from web.admin import words
from web.admin.surveyor import MANAGE, Surveyor
from web.pages import render

ROOT: Final = "/kelola/lokasi"
_SAID: Final = {  # what is told in Indonesian where a field is refused
    "id": "Huruf kecil, angka, dan tanda -, misalnya pasar-kanoman",
    "title": "1 sampai 120 karakter",
    "latitude": "Titik ini jauh dari kota, atau di luar wilayah lokasinya",
    "kelurahan": "Pilih kelurahan dari daftar",
}
_DEGREES: Final = Text(id="Tulis derajat, misalnya -6.7383", en="Write degrees, such as -6.7383")
_THERE: Final = Text(id="Sudah ada lokasi dengan ID ini", en="There is a site of this id already")
_Site = Annotated[str, Path(max_length=64)]


def listing(surveyor: Surveyor) -> APIRouter:
    """The map with its list, and a new one."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])
    atlas = surveyor.atlas

    @routes.get("")
    async def page(request: Request) -> Response:
        found = [one for one in await to_thread.run_sync(atlas.sites) if one.id != KOTA]
        names = {area.code: area.name for area in atlas.areas.list()}
        places = [_place(one, f"{ROOT}/{one.id}") for one in found]
        return render(request, "admin/sites.html", sites=found, names=names, places=places)

    @routes.get("/baru")
    async def ask(request: Request) -> Response:
        city = atlas.areas.city
        form = forms.of(id="", title="", latitude=city.latitude, longitude=city.longitude, kelurahan="")
        return _form(request, atlas, form)

    @routes.post("/baru")
    async def add(request: Request, caller: access.Caller, typed: forms.Typed, once_: once.Typed) -> Response:
        read = forms.Reading(typed)
        id_, values = read.text("id", most=64), _read(read)
        if read.faults:
            return _form(request, atlas, read.form, 422)

        def work(tx: Connection) -> Response:
            surveyor.add(tx, caller, Site(id=id_, **values))
            return RedirectResponse(ROOT, status_code=303)

        try:
            return await once_.within(work)
        except (Outdated, Fixed):
            return _form(request, atlas, read.form.but("id", _THERE), 422)
        except Refused as error:
            return _form(request, atlas, _wrong(read.form, error), 422)

    return routes


def changing(surveyor: Surveyor) -> APIRouter:
    """One site: changed and moved."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])
    atlas = surveyor.atlas

    @routes.get("/{site}")
    async def one(request: Request, site: _Site) -> Response:
        found = await to_thread.run_sync(atlas.site, site)
        if found.id == KOTA:
            return RedirectResponse(ROOT, status_code=303)
        values = {name: getattr(found, name) for name in ("title", "latitude", "longitude", "kelurahan")}
        return _form(request, atlas, forms.of(**values, revision=found.revision), site=site)

    @routes.post("/{site}")
    async def change(request: Request, caller: access.Caller, site: _Site, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        values, revision = _read(read), read.number("revision", least=1, most=2**31)
        if read.faults:
            return _form(request, atlas, read.form, 422, site)
        try:
            await to_thread.run_sync(surveyor.change, caller, site, revision, values)
        except (Refused, Outdated) as error:
            form = _wrong(read.form, error)
            if isinstance(error, Outdated):  # sent again, it counts
                form = forms.Form(values={**form.values, "revision": (str(error.now),)}, faults=form.faults)
            return _form(request, atlas, form, 422, site)
        return RedirectResponse(ROOT, status_code=303)

    return routes


def removing(surveyor: Surveyor) -> APIRouter:
    """One site taken off the map."""
    routes = APIRouter(prefix=ROOT, include_in_schema=False, dependencies=[access.needs(MANAGE)])
    atlas = surveyor.atlas

    @routes.get("/{site}/hapus")
    async def ask(request: Request, site: _Site) -> Response:
        """Asks before it is taken off the map."""
        found = await to_thread.run_sync(atlas.site, site)
        form = forms.of(why="", revision=found.revision)
        return render(request, "admin/site_remove.html", site=found, form=form)

    @routes.post("/{site}/hapus")
    async def remove(request: Request, caller: access.Caller, site: _Site, typed: forms.Typed) -> Response:
        read = forms.Reading(typed)
        why, revision = read.text("why", most=500), read.number("revision", least=1, most=2**31)
        form = read.form
        if not form.faults:
            try:
                await to_thread.run_sync(surveyor.remove, caller, site, revision, why)
            except Outdated as error:
                form = words.refused(form, error)
            else:
                return RedirectResponse(ROOT, status_code=303)
        found = await to_thread.run_sync(atlas.site, site)
        return render(request, "admin/site_remove.html", status=422, site=found, form=form)

    return routes


def _read(read: forms.Reading) -> dict[str, Any]:
    return {
        "title": read.text("title", most=120),
        "latitude": _degrees(read, "latitude", 90),
        "longitude": _degrees(read, "longitude", 180),
        "kelurahan": read.text("kelurahan", most=16, least=0),
    }


def _degrees(read: forms.Reading, name: str, most: int) -> float:
    text = read.text(name, most=30).replace(",", ".")
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if text and not (isfinite(found) and abs(found) <= most):
        read.wrong(name, _DEGREES)
    return found


def _wrong(form: forms.Form, error: Exception) -> forms.Form:
    """The form with what was refused; of the point at its first field."""
    if isinstance(error, Refused) and error.field == "position":
        error = Refused("latitude", error.value, error.reason)
    return words.refused(form, error, _SAID)


def _form(request: Request, atlas: Atlas, form: forms.Form, status: int = 200, site: str = "") -> Response:
    """The form of a site; `site`: the one that is changed."""
    kelurahan = sorted((area.name, area.code) for area in atlas.areas.list(level=Level.KELURAHAN))
    place = {
        "href": "",
        "lat": form.value("latitude").replace(",", "."),
        "lon": form.value("longitude").replace(",", "."),
        "tone": "minor",
        "text": "",
    }
    return render(
        request,
        "admin/site.html",
        status=status,
        form=form,
        site=site,
        kelurahan=[(code, name) for name, code in kelurahan],
        place=place,
    )


def _place(site: Site, href: str) -> dict[str, Any]:
    return {
        "title": site.title,
        "href": href,
        "lat": site.latitude,
        "lon": site.longitude,
        "tone": "minor",
        "text": "",
    }
