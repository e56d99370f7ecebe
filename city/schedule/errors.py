"""Errors of the clocks."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """There is no such clock: it has fired, or was cancelled."""

    def __init__(self, clock: str) -> None:
        self.field = "clock"
        self.value = clock
        self.reason = "there is none: it has fired, or was cancelled"
        super().__init__(f"no clock {clock}: it has fired, or was cancelled")


class NotParked(Failure):
    """Only a clock that was given up, or that failed last, is fired again by hand."""

    def __init__(self, clock: str, state: str) -> None:
        self.field = "state"
        self.value = state
        self.reason = "only a clock that failed is fired again by hand"
        super().__init__(f"clock {clock} is {state}: {self.reason}")


class WrongHandlers(Failure, ValueError):
    """Two packages bring a handler of the same kind: rename one."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds
        super().__init__(f"two handlers of the same kind: {', '.join(kinds)}; rename one")
