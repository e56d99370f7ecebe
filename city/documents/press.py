"""HTML templates of all packages → tagged PDF. WeasyPrint, which wants system libraries, is loaded late."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import jinja2

from city.documents import codes, fetch, figures, qr
from city.documents.errors import NotInstalled, Unmade
from contracts.judgements import Text

_HERE: Final = Path(__file__).parent
_VARIANT: Final = "pdf/ua-1"
APT: Final = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
CURE: Final = f"as root: apt-get install --no-install-recommends {' '.join(APT)}"
LANGUAGES: Final = ("id", "en")


class Press:
    """Makes PDFs. `templates` and `assets`: package → folder, named `{package}/{file}`; `font`: an asset."""

    def __init__(
        self,
        templates: Mapping[str, Path] | None = None,
        assets: Mapping[str, Path] | None = None,
        *,
        font: str = "",
    ) -> None:
        folders = {"documents": _HERE / "templates"} | dict(templates or {})
        self._assets = fetch.Assets({"documents": _HERE / "static"} | dict(assets or {}))
        loader = jinja2.PrefixLoader({name: jinja2.FileSystemLoader(path) for name, path in folders.items()})
        face = self._assets.url(font) if font else ""
        self._environments = {
            language: _environment(loader, language, self._assets.url, face) for language in LANGUAGES
        }

    def html(self, template: str, *, language: str = "id", **context: object) -> str:
        """Template and context → HTML, everything put in escaped. Raises Unmade."""
        try:
            return self._environments[language].get_template(template).render(context, language=language)
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise Unmade(template, str(error) or type(error).__name__) from error

    def pdf(self, template: str, *, language: str = "id", **context: object) -> bytes:
        """Template and context → PDF/UA with language, title and bookmarks. Raises Unmade, NotInstalled."""
        text = self.html(template, language=language, **context)
        weasyprint = library()
        fatal = weasyprint.urls.FatalURLFetchingError
        try:
            page = weasyprint.HTML(
                string=text, base_url=f"{fetch.SCHEME}:", url_fetcher=fetch.fetcher(self._assets)
            )
            made: bytes = page.write_pdf(pdf_variant=_VARIANT)
        except fatal as error:  # no Exception, so that the library itself does not swallow it
            raise Unmade(template, str(error)) from None
        return made


def library() -> Any:
    """WeasyPrint. Raises NotInstalled, which names what is missing."""
    for chatty in ("weasyprint", "fontTools"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        import weasyprint
    except OSError as error:
        raise NotInstalled(str(error).splitlines()[0][:200], CURE) from None
    return weasyprint


def _environment(
    loader: jinja2.BaseLoader, language: str, asset: Callable[[str], str], font: str
) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"asset": asset, "font": font, "qr": qr.data}
    environment.filters |= {
        "code": codes.shown,
        "day": partial(_day, language),
        "moment": partial(figures.moment, language=language),
        "rupiah": figures.rupiah,
        "said": partial(_said, language),
    }
    return environment


def _day(language: str, value: date | int) -> str:
    return figures.day(value, language=language)


def _said(language: str, text: Text) -> str:
    return (text.id or text.en) if language == "id" else (text.en or text.id)
