"""Errors of alerts."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """There is no such alert: take its id from the list."""

    def __init__(self, alert: str) -> None:
        self.field = "alert"
        self.value = alert
        self.reason = "there is no such alert"
        super().__init__(f"there is no alert {alert}")


class Over(Failure):
    """The alert has resolved: nothing can be silenced any more."""

    def __init__(self, alert: str) -> None:
        self.field = "state"
        self.value = "resolved"
        self.reason = "it has resolved; there is nothing to silence any more"
        super().__init__(f"alert {alert} has resolved: there is nothing to silence any more")
