"""Settings of webhooks."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts.instants import DAY, HOUR, SECOND


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How receivers are told; times in seconds."""

    allow: tuple[str, ...] = ()  # networks of receivers beside the public internet: `10.20.0.0/16`
    ca: Path | None = None  # certificates of authorities that are trusted beside the public ones
    connect: float = 5.0  # until a receiver has taken the connection
    limit: float = 15.0  # until it has answered
    answer: int = 16_384  # bytes of an answer that are read
    rights: float = 5.0  # after which it is asked again what an owner may hear
    resolved: float = 60.0  # for which a receiver's address is not looked up again
    first_delay: float = 0.5  # after a first failure; doubles from there, with jitter
    most_delay: float = 300.0
    most_asked: float = 6 * HOUR / SECOND  # that a receiver's `Retry-After` may ask for
    attempts: int = 8  # refusals of one event by a receiver that takes others, before it is a dead letter
    give_up: float = 5 * DAY / SECOND  # of failures without one success, before a subscription is disabled
    overlap: float = DAY / SECOND  # for which the old secret still signs beside a new one
    commit: float = 0.25  # between writes of all places: what comes again after a kill
    parallel: int = 4  # requests to one receiver at once, never two of one subject
    extra: int = 200  # requests at once beyond one for each receiver
    most: int = 500  # subscriptions
    each: int = 20  # subscriptions of one owner
