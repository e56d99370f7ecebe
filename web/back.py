"""Where to go on: paths of our own alone, whatever an address or a form says."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request

from city.identity.errors import Again
from web.errors import Anonymous, Lacks

SIGN_IN: Final = "/masuk"
SECOND: Final = "/masuk/faktor"
OWN: Final = "/akun"  # for who may nothing else
START: Final = "/"
_LONGEST: Final = 500  # characters


def local(path: str, *, default: str = "") -> str:
    """The path where it is one of ours, else `default`: a redirect never leaves the site."""
    ours = (
        path.startswith("/")
        and not path.startswith("//")
        and "\\" not in path
        and len(path) <= _LONGEST
        and path.isascii()
        and path.isprintable()
    )
    return path if ours else default


def instead(request: Request, error: Exception) -> str:
    """Where a person goes who must sign in or show his second factor first; empty for other errors."""
    if isinstance(error, Anonymous):
        return with_next(SIGN_IN, here(request))
    if isinstance(error, Again) or (isinstance(error, Lacks) and error.weak):
        return with_next(SECOND, here(request))
    return ""


def here(request: Request) -> str:
    """The page at which the reader is: of a form or a part of a page, the page that it stands on."""
    if request.method == "GET" and "hx-request" not in request.headers:
        return _ours(request.url.path, request.url.query)
    place = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer", ""))
    if place.netloc != request.headers.get("host"):
        return START
    return _ours(place.path, place.query)


def with_next(path: str, place: str) -> str:
    """Address of a page from which the reader goes on to a place."""
    return f"{path}?{urlencode({'next': place})}" if place and place != START else path


def _ours(path: str, query: str) -> str:
    return local(f"{path}?{query}" if query else path, default=START)
