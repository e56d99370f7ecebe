"""A subscription, and how far its receiver has come."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

DISABLED: Final = "webhook.disabled"  # tells the owner that his receiver is given up
TEST: Final = "webhook.test"  # goes to the one subscription that it is about
GAP: Final = "webhook.gap"  # tells a receiver that events before its place are no longer kept


class State(StrEnum):
    """Whether it is told."""

    ACTIVE = "active"
    PAUSED = "paused"  # by its owner: goes on where it stood
    DISABLED = "disabled"  # by us, with a reason: goes on when someone makes it active


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of which events, and where."""

    id: str
    owner: str  # id of the app or person
    owner_kind: str  # app, person
    title: str  # what it is for, in the owner's words
    url: str
    types: tuple[str, ...]  # `alert.firing`, `incident.*`; empty: all that may leave
    parallel: int  # requests at once; 1: in one order over all subjects
    state: State
    reason: str  # why it is not active
    since: int  # µs UTC of the state
    created: int  # µs UTC
    updated: int  # µs UTC
    revision: int  # 1, 2, 3 …: the greater one is newer
    rotated: int | None = None  # µs UTC until which the secret before still signs too


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a receiver has come, and how it fares."""

    webhook: str
    epoch: int = 0  # times that someone set the place by hand
    position: int = 0  # of the newest event with which, and with all before it, it is done
    delivered: int = 0  # events that it took
    streak: int = 0  # failures since the last success
    failing: int | None = None  # µs UTC of the first of these
    not_before: int = 0  # µs UTC until which it is left alone
    error: str = ""  # of the last failure
    status: int = 0  # HTTP status of the last answer; 0 where there was none
    succeeded: int | None = None  # µs UTC of the last success
    gap_after: int | None = None  # events after this position …
    gap_until: int | None = None  # … up to this one were no longer kept when it came to them
    changed: int = 0  # µs UTC


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with its place."""

    subscription: Subscription
    place: Place
    behind: int  # positions between the newest event and its place
    letters: int  # dead letters


def consumer(webhook: str) -> str:
    """Name under which a subscription's dead letters are kept."""
    return f"webhook.{webhook}"
