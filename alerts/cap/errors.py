"""Errors of CAP."""

from __future__ import annotations

from alerts.errors import Failure


class Unsaid(Failure, LookupError):
    """Nothing of this name was said in CAP: take it from the feed."""

    def __init__(self, name: str) -> None:
        self.field = "message"
        self.value = name
        self.reason = "nothing was said of it in CAP"
        super().__init__(f"nothing was said of {name} in CAP: take its name from the feed")
