"""Ids that sort by the time they were made (RFC 9562, UUID version 7)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from uuid import UUID

from runtime.clock import Clock

Factory = Callable[[], str]


def uuid7(clock: Clock) -> str:
    """New id in canonical form; those of different µs sort by time (RFC 9562 6.2, method 3)."""
    millis, micros = divmod(clock.now(), 1_000)
    fraction = micros * 4_096 // 1_000  # of the millisecond, in 12 bits
    number = (millis & (1 << 48) - 1) << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=number))


def factory(clock: Clock) -> Factory:
    """Source of ids by this clock."""
    return lambda: uuid7(clock)
