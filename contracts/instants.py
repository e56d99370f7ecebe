"""Instants: integer microseconds since 1970-01-01T00:00:00Z, by one rounding rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def from_seconds(seconds: float) -> int:
    """Seconds → µs, nearest, ties to even: the only place where a float becomes an instant.

    A float near 1.7e9 s carries about 0.24 µs, so an integer µs survives the way to seconds and back.
    """
    return round(seconds * SECOND)


def to_seconds(micros: int) -> float | int:
    """µs → seconds; whole seconds stay integers so that JSON shows them without a fraction."""
    whole, rest = divmod(micros, SECOND)
    return micros / SECOND if rest else whole


def from_datetime(moment: datetime) -> int:
    """Aware datetime → µs. Raises ValueError for a naive one: it names no instant."""
    if moment.tzinfo is None:
        msg = "a naive datetime names no instant: give it a time zone"
        raise ValueError(msg)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(micros: int) -> datetime:
    """µs → aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def to_rfc3339(micros: int) -> str:
    """µs → `2026-11-24T01:02:03.000004Z` (RFC 3339), fraction only where there is one."""
    return to_datetime(micros).isoformat().replace("+00:00", "Z")


def from_rfc3339(text: str) -> int:
    """RFC 3339 text with an offset → µs. Raises ValueError."""
    return from_datetime(datetime.fromisoformat(text))


def floor(micros: int, step: int) -> int:
    """Start of the step (µs, counted from the epoch) that holds the instant."""
    return micros - micros % step
