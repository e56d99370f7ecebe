"""Errors of the search."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Undeclared(Failure, ValueError):
    """A document does not keep to what its kind declares: correct the code that puts it."""

    def __init__(self, kind: str, field: str, reason: str) -> None:
        self.field = field
        self.value = kind
        self.reason = reason
        super().__init__(f"search kind {kind}, {field}: {reason}")


class Protected(Failure):
    """The kind is protected: its records never enter the search."""

    def __init__(self, kind: str) -> None:
        self.field = "kind"
        self.value = kind
        self.reason = "records of a protected kind never enter the search"
        super().__init__(f"search kind {kind}: {self.reason}")
