"""Batches on their way: sent, and not yet named by a receipt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from runtime.spool import Batch, Lane
from runtime.uplink.settings import Settings

_SHARE: Final = 8  # a lane's window takes this part of the spool at most: what is on its way is not given up


class Flight(msgspec.Struct, kw_only=True):
    """One batch on its way."""

    lane: Lane
    size: int
    after: str  # no batch with the same word leaves while this one is on its way
    attempt: int
    sent: float  # monotonic seconds
    acknowledged: bool = False  # by the broker


class Flights:
    """What is on its way on one connection, and what attempt each batch had reached before."""

    def __init__(self, settings: Settings, spool_bytes: int) -> None:
        self._window = settings.window
        self._window_bytes = min(settings.window_bytes, spool_bytes // _SHARE)
        self._flights: dict[int, Flight] = {}
        self._attempts: dict[
            int, int
        ] = {}  # of batches that were on their way when the last connection broke
        self._load = dict.fromkeys(Lane, (0, 0))
        self._awaited: set[str] = set()

    def clear(self) -> None:
        """A new connection: everything is to be sent again."""
        self._attempts |= {key: flight.attempt for key, flight in self._flights.items()}
        self._flights.clear()
        self._awaited.clear()
        self._load = dict.fromkeys(Lane, (0, 0))

    def count(self, lane: Lane) -> int:
        """Batches of a lane on their way."""
        return self._load[lane][0]

    def room(self, lane: Lane) -> tuple[int, int]:
        """How many batches and bytes may still leave."""
        count, size = self._load[lane]
        return max(0, self._window - count), max(0, self._window_bytes - size)

    def free(self, batch: Batch) -> bool:
        """Whether it may leave: no batch that must be receipted before it is on its way."""
        return batch.after not in self._awaited

    def begin(self, batch: Batch, now: float) -> int:
        """A batch leaves; return which attempt this is. 1 only where it certainly never left before."""
        flight = self._flights.get(batch.id)
        if flight:
            flight.attempt += 1
            flight.sent = now
            return flight.attempt
        attempt = self._attempts.pop(batch.id, 1 if batch.offered else 0) + 1
        self._flights[batch.id] = Flight(
            lane=batch.lane, size=batch.size, after=batch.after, attempt=attempt, sent=now
        )
        if batch.after:
            self._awaited.add(batch.after)
        count, size = self._load[batch.lane]
        self._load[batch.lane] = (count + 1, size + batch.size)
        return attempt

    def acknowledge(self, key: int) -> bool:
        """The broker has a batch; return whether that is news and still matters."""
        flight = self._flights.get(key)
        if flight is None or flight.acknowledged:
            return False
        flight.acknowledged = True
        return True

    def end(self, keys: Iterable[int]) -> None:
        """Batches are receipted, or gone from the spool."""
        for key in keys:
            self._attempts.pop(key, None)
            flight = self._flights.pop(key, None)
            if flight:
                count, size = self._load[flight.lane]
                self._load[flight.lane] = (count - 1, size - flight.size)
                self._awaited.discard(flight.after)

    def overdue(self, before: float, most: int) -> list[int]:
        """Batches last sent before an instant (monotonic), at most so many, oldest first."""
        found = [key for key, flight in self._flights.items() if flight.sent < before]
        return sorted(found)[:most]

    def __contains__(self, key: int) -> bool:
        return key in self._flights
