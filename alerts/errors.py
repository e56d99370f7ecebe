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


class NoSilence(Failure, LookupError):
    """There is no such silence: take its id from the list."""

    def __init__(self, silence: str) -> None:
        self.field = "silence"
        self.value = silence
        self.reason = "there is no such silence"
        super().__init__(f"there is no silence {silence}")


class Lapsed(Failure):
    """The silence is over: make a new one."""

    def __init__(self, silence: str) -> None:
        self.field = "state"
        self.value = "expired"
        self.reason = "it is over; make a new one"
        super().__init__(f"silence {silence} is over: make a new one")


class NoGroup(Failure, LookupError):
    """There is no such group: take its id from the list."""

    def __init__(self, group: str) -> None:
        self.field = "group"
        self.value = group
        self.reason = "there is no such group of alerts"
        super().__init__(f"there is no group of alerts {group}")
