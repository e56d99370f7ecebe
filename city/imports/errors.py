"""Errors of imports: what makes a whole file unreadable. What is wrong in one row is a Problem instead."""

from __future__ import annotations

import city.errors
from contracts.errors import shown
from contracts.judgements import Text


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Unreadable(Failure, ValueError):
    """The file cannot be read as a table of this layout; nothing was imported. Correct the file."""

    def __init__(self, said: Text, *, value: object = "") -> None:
        self.field = "file"
        self.value = shown(value)
        self.reason = said.en
        self.said = said
        self.cure = "correct the file, or start from the template"
        super().__init__(said.en)
