"""Errors of need-to-know cases. None says whether a case exists, or anything of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import city.errors


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Hidden(Failure, LookupError):
    """There is no such case, or it is not this caller's: both look the same."""

    def __init__(self) -> None:
        self.field = "case"
        self.value = "(not shown)"
        self.reason = "there is none that you may open"
        super().__init__("there is no such case that you may open")


class Forbidden(Failure):
    """The caller may open the case, and not do this."""

    def __init__(self, what: str) -> None:
        self.field = "caller"
        self.value = "(not shown)"
        self.reason = what
        super().__init__(what)


class NoConsent(Failure):
    """Nobody consented to this, or not any more: ask first."""

    def __init__(self, scope: str) -> None:
        self.field = "consent"
        self.value = scope
        self.reason = "there is none that holds now"
        self.cure = "ask for consent and write it down, then try again"
        super().__init__(f"there is no consent to {scope} that holds now")


KNOWN: Final[Mapping[type[Exception], int]] = {Hidden: 404, Forbidden: 403, NoConsent: 409}
