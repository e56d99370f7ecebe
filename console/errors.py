"""Errors of the console."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Slow(Failure):
    """A part did not answer in time, or all callers' places are taken: ask again after `after` seconds."""

    def __init__(self, part: str, limit: float) -> None:
        self.part = part
        self.after = 5.0
        super().__init__(f"{part} did not answer within {limit:g} s: ask again")


class Unknown(Failure, LookupError):
    """There is no such thing: look it up in its list."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = value
        self.reason = "unknown: look it up in its list"
        super().__init__(f"no {field} is called {value}")
