"""Which language a reader gets, and the words in it: Indonesian first, English second, by gettext.

Message ids are English; `locale/id*.po` of each package hold the Indonesian. Catalogues are compiled when the
application starts, so there is no build step to forget.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

COOKIE: Final = "imm_lang"


class Language(StrEnum):
    """Languages of the platform, first one first."""

    INDONESIAN = "id"
    ENGLISH = "en"


def choose(request: Request) -> Language:
    """Language by `?lang`, then cookie, then Accept-Language, else Indonesian."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wanted in set(Language):
            return Language(wanted)
    for part in request.headers.get("accept-language", "").split(","):
        wanted = part.partition(";")[0].strip().lower().partition("-")[0]
        if wanted in set(Language):
            return Language(wanted)
    return Language.INDONESIAN


def load(folders: Iterable[Path]) -> dict[Language, gettext.NullTranslations]:
    """Words of each language from the `locale` folders of all packages."""
    files = [file for folder in folders for file in sorted(folder.glob("id*.po"))]
    return {
        Language.INDONESIAN: _compile(files),
        Language.ENGLISH: gettext.NullTranslations(),
    }


def read(file: Path) -> Catalog:
    """One package's catalogue."""
    with file.open("rb") as source:
        return read_po(source, locale="id", abort_invalid=True)


def _compile(files: list[Path]) -> gettext.GNUTranslations:
    merged, *others = [read(file) for file in files] or [Catalog(locale="id")]
    for other in others:
        for message in other:
            if message.id:
                merged[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
