"""What keeps a device from joining, and what to do about it."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors: says why, and what to do."""

    def __init__(self, why: str, cure: str) -> None:
        self.why = why
        self.cure = cure
        super().__init__(f"{why}; {cure}")


class Stranger(Failure):
    """Whoever answers is not the platform that the claim names. Nothing was told to it."""


class Away(Failure):
    """No answer, or one that says to come again. Try again."""

    def __init__(self, why: str, *, after: float = 2.0) -> None:
        self.after = after  # seconds
        super().__init__(why, "look at network and address, then start the command again: it goes on")


class Turned(Failure):
    """The platform refuses: the code, the request, or this device."""
