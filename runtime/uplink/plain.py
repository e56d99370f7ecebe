"""What an uplink counts where nobody scrapes it: nothing, without the library that would."""

from __future__ import annotations

from typing import Final, Protocol


class Count(Protocol):
    """A counter, as far as an uplink uses one."""

    def labels(self, channel: str) -> Count: ...
    def inc(self, amount: float = 1) -> None: ...


class _Nothing:
    def labels(self, channel: str) -> Count:  # noqa: ARG002 - a counter's signature
        return self

    def inc(self, amount: float = 1) -> None:
        pass


NOTHING: Final[Count] = _Nothing()


class Figures:
    """Counters that count nothing."""

    def __init__(self) -> None:
        self.sent: Count = NOTHING
        self.resent: Count = NOTHING
        self.receipted: Count = NOTHING
        self.denied: Count = NOTHING
        self.bad: Count = NOTHING
