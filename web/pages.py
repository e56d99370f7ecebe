"""HTML pages: templates of all packages in the reader's language, by night or day."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

import jinja2
from fastapi import Request
from starlette.responses import HTMLResponse

from contracts import instants
from contracts.judgements import Text
from runtime.clock import Clock
from web import figures, language
from web.access import caller_of
from web.assets import Assets
from web.contribution import Nav
from web.language import Language

THEMES: Final = ("auto", "light", "night")
_THEME_COOKIE: Final = "imm_theme"
_YEAR: Final = 365 * 24 * 3600  # seconds that a choice is remembered


class Pages:
    """Renders templates, named `{package}/{file}`."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        words: Mapping[Language, NullTranslations],
        *,
        assets: Assets,
        nav: Sequence[Nav],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._nav = sorted(nav, key=lambda entry: (entry.order, entry.path))
        loader = jinja2.PrefixLoader({name: jinja2.FileSystemLoader(path) for name, path in folders.items()})
        self._environments = {
            chosen: _environment(loader, chosen, words[chosen], assets.url) for chosen in Language
        }

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> HTMLResponse:
        """Template and context → answer; keeps the reader's choice of language and theme in cookies."""
        chosen = language.choose(request)
        caller = caller_of(request)
        theme = _theme(request)
        text = (
            self._environments[chosen]
            .get_template(template)
            .render(
                context,
                request=request,
                path=request.url.path,
                caller=caller,
                language=chosen,
                theme=theme,
                themes=THEMES,
                nav=[entry for entry in self._nav if entry.shown(caller)],
                now=self._clock.now(),
            )
        )
        response = HTMLResponse(text, status_code=status, headers=dict(headers or {}))
        response.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
        for key, cookie, value in (("lang", language.COOKIE, chosen), ("theme", _THEME_COOKIE, theme)):
            if request.query_params.get(key) == value:
                response.set_cookie(cookie, value, max_age=_YEAR, samesite="lax", httponly=True)
        return response


def render(request: Request, template: str, **context: Any) -> HTMLResponse:
    """Render with the pages of the application that serves the request."""
    pages: Pages = request.app.state.pages
    return pages.render(request, template, **context)


def _theme(request: Request) -> str:
    for wanted in (request.query_params.get("theme"), request.cookies.get(_THEME_COOKIE)):
        if wanted in THEMES:
            return wanted
    return "auto"


def _environment(
    loader: jinja2.BaseLoader, chosen: Language, words: NullTranslations, asset: Callable[[str], str]
) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # added by jinja2.ext.i18n
    environment.globals["asset"] = asset
    environment.globals["fresh"] = secrets.token_urlsafe  # a name that nobody has used before
    environment.filters |= {
        "number": partial(figures.number, language=chosen),
        "measure": partial(figures.measure, language=chosen),
        "duration": partial(figures.duration, language=chosen),
        "moment": partial(figures.moment, language=chosen),
        "day": partial(figures.day, language=chosen),
        "rupiah": partial(figures.rupiah, language=chosen),
        "rfc3339": instants.to_rfc3339,
        "said": partial(_said, chosen),
    }
    return environment


def _said(chosen: Language, text: Text) -> str:
    """A sentence in the reader's language, or in the other where it is missing there."""
    return (text.id or text.en) if chosen is Language.INDONESIAN else (text.en or text.id)
