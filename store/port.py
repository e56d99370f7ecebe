"""The port of the time-series engines: the reader that everyone sees, and the few verbs besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from contracts.instants import DAY, HOUR, MINUTE
from contracts.series import Block, Reader

LEVELS: Final = (MINUTE, 15 * MINUTE, HOUR, DAY)  # steps of the roll-ups, µs
CHANNELS: Final = ("telemetry", "event", "probe", "status")  # what retention tells apart
GRACE: Final = 2 * MINUTE  # after its end a bucket is still open for what is on its way
EARLIEST: Final = 0  # µs UTC; sample times the engines take: 1970 to 2262, where nanoseconds end
LATEST: Final = 9_223_372_036_854_775


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How long one channel's samples are kept; whole days at least, but for probes."""

    channel: str  # one of CHANNELS, or `rollup` for the roll-ups of `level`
    keep: int  # µs
    level: int = 0  # µs, one of LEVELS for `rollup`


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What retention did to one channel."""

    channel: str
    level: int  # µs; 0 for samples
    before: int  # µs UTC: everything older had to go
    due: int  # rows that had to go
    gone: int  # rows that went


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What retention did."""

    kept: tuple[Kept, ...]

    @property
    def due(self) -> int:
        return sum(kept.due for kept in self.kept)

    @property
    def gone(self) -> int:
        return sum(kept.gone for kept in self.kept)


class Engine(Reader, Protocol):
    """A time-series engine. Calls block: use a thread. Raises the store's errors only.

    The same series and time again: the last write wins; an identical repeat changes nothing, however late.
    Percentile p of n numbers is the one of rank floor(n·p/100 + 1/2) in ascending order, as InfluxQL has it.
    """

    def write(self, block: Block) -> None:
        """Make samples durable and visible. Raises Rejected after storing all other rows."""
        ...

    def roll_up(self, now: int) -> int:
        """Bring roll-ups of closed and of changed buckets up to date; return how many rows were computed."""
        ...

    def retain(self, policies: Sequence[Policy], now: int) -> Report:
        """Remove what is older than the policies say, after rolling it up."""
        ...

    def close(self) -> None:
        """Finish what is under way and let go of files and connections."""
        ...


def channel(metric: str) -> str:
    """Which retention applies to a metric."""
    if metric == "status":
        return "status"
    if metric == "event.probe":
        return "probe"
    return "event" if metric.startswith("event.") else "telemetry"
