"""Errors of TANGI."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """There is no such incident: look up its number in the list."""

    def __init__(self, number: str) -> None:
        self.field = "incident"
        self.value = number
        self.reason = "there is no such incident"
        super().__init__(f"there is no incident {number}")


class NotNow(Failure):
    """The incident's state does not allow this step; `allowed` names those that it does."""

    def __init__(self, number: str, state: str, step: str, allowed: tuple[str, ...]) -> None:
        self.field = "state"
        self.value = state
        self.allowed = allowed
        self.reason = f"{step} is not possible; possible: {', '.join(allowed) or 'nothing, it has ended'}"
        super().__init__(f"{number} is {state}: {self.reason}")
