"""What people type, made fit to keep: names, logins, labels."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from city.identity.caller import Caller
from city.identity.errors import Forbidden, Stale
from contracts.errors import Refused

LANGUAGES: Final = ("id", "en")
_LOGIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,118}[a-z0-9])")
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])")


def line(field: str, text: str, *, most: int = 120, empty: bool = False) -> str:
    """One line without control characters, composed and trimmed. Raises Refused."""
    clean = " ".join(unicodedata.normalize("NFC", text).split())
    if not clean and not empty:
        raise Refused(field, text, "say something")
    if len(clean) > most:
        raise Refused(field, text, f"at most {most} characters")
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for sign in clean):
        raise Refused(field, text, "leave out what cannot be seen")
    return clean


def login(text: str) -> str:
    """Login in the one form that is kept. Raises Refused."""
    clean = text.strip().lower()
    if not _LOGIN.fullmatch(clean):
        raise Refused("login", text, "letters a to z, digits and . _ @ + -, 2 to 120 of them")
    return clean


def name(text: str) -> str:
    """A login that somebody typed, as far as it can be one: else nobody's."""
    clean = text.strip().lower()
    return clean if _LOGIN.fullmatch(clean) else ""


def slug(field: str, text: str) -> str:
    """An id that people choose. Raises Refused."""
    if not _SLUG.fullmatch(text):
        raise Refused(field, text, "small letters, digits and -, 2 to 64 of them")
    return text


def language(text: str) -> str:
    """Language of the platform. Raises Refused."""
    if text not in LANGUAGES:
        raise Refused("language", text, f"one of {', '.join(LANGUAGES)}")
    return text


def need(by: Caller, permission: str, unit: str) -> None:
    """Make sure that the caller may, for this unit. Raises Forbidden."""
    if not by.may(permission, unit=unit):
        raise Forbidden(permission, unit)


def current(field: str, found: int, wanted: int) -> None:
    """Make sure that who changes it has seen its newest revision. Raises Stale."""
    if found != wanted:
        raise Stale(field, wanted, found)
