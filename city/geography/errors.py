"""Errors of the geography."""

from __future__ import annotations

from pathlib import Path


class Failure(Exception):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """There is no such area or site: take one from the list."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = value
        self.reason = f"there is no such {field}"
        super().__init__(f"there is no {field} {value}")


class Fixed(Failure):
    """The site of the city as a whole stays: it is where everything is that has no other."""

    def __init__(self, site: str) -> None:
        self.field = "site"
        self.value = site
        self.reason = "it is the city as a whole, and stays"
        super().__init__(f"site {site} cannot be removed: {self.reason}")


class BadFile(Failure):
    """A file of areas or boundaries cannot be used. Not retryable: mend `path` where `reason` says."""

    cure = "mend the file where it says, or name another in [geography]"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")
