"""Errors of sign-in."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Declined(Failure):
    """The city's sign-on did not vouch for anybody: begin again."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the sign-on did not work: {reason}; begin again")


class SignOnAway(Failure):
    """The city's sign-on does not answer: sign in with a password, or try again."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.after = 30.0
        super().__init__(f"the sign-on does not answer ({reason}): sign in with your password, or try again")
