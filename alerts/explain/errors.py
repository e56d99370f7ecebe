"""Errors of explanations."""

from __future__ import annotations

from alerts.errors import Failure


class Undrawable(Failure):
    """There is no picture of this alert."""

    def __init__(self, alert: str, reason: str) -> None:
        self.field = "alert"
        self.value = alert
        self.reason = reason
        super().__init__(f"there is no picture of alert {alert}: {reason}")


class NotDrawn(Failure):
    """The picture could not be drawn just now; the alert and its explanation are there."""

    def __init__(self, alert: str, reason: str) -> None:
        self.field = "alert"
        self.value = alert
        self.reason = reason
        super().__init__(f"the picture of alert {alert} was not drawn: {reason}; try again")
