"""What a device tells besides samples: alarms, declared gaps, its half of the ledger, probes.

One message is one JSON array.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from contracts import instants
from contracts.errors import Refused
from contracts.ranges import Number, Ranges, union

MOST: Final = 1_000  # events in one message
MOST_STRAYS: Final = 1_000  # in one row of a tally
Instant = Annotated[int, msgspec.Meta(ge=0, le=2**62)]  # µs UTC; every store's integers hold it
Count = Annotated[int, msgspec.Meta(ge=0, le=2**48)]  # sums of it fit in 64 bits too
Word = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]


class Alarm(msgspec.Struct, frozen=True, kw_only=True, tag="alarm"):
    """Something that needs attention now; never shed for metrics."""

    id: str
    time: Instant  # µs UTC
    name: str  # what happened, as dotted words: `door.opened`
    severity: str = "moderate"  # CAP 1.2: extreme, severe, moderate, minor
    text: str = ""  # for people
    active: bool | None = None  # of what lasts: true when it begins, false when it is over; rules judge these
    values: dict[str, float | str | bool] = {}


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag="gap"):
    """Batches that the device knows it lost or gave up: a declared, counted hole."""

    id: str
    time: Instant  # µs UTC, when it was declared
    channel: Word
    epoch: Instant
    ranges: Ranges  # sequence numbers that will never come
    samples: dict[Instant, Count]  # hour (µs UTC at its start; 0: not known) → samples in the hole
    reason: Word  # full, corrupt, disk, clock, expired


class Stray(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Batches given up after they may have been sent: what arrives all the same was not lost."""

    epoch: Instant
    first: Number  # sequence numbers first … last
    last: Number
    each: Count  # samples of the row's hour in each of them


class TallyRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The device's count for one channel and hour of sample time; cumulative, so the newest row wins."""

    channel: Word
    hour: Instant  # µs UTC at its start
    recorded: Count  # samples, events or frames committed to the spool
    sent: Count  # of these, in batches that the broker has acknowledged at least once
    shed: Count  # of these, given up and declared
    strays: Annotated[tuple[Stray, ...], msgspec.Meta(max_length=MOST_STRAYS)] = ()  # part of what was shed


class Tally(msgspec.Struct, frozen=True, kw_only=True, tag="tally"):
    """The device's half of the ledger, each minute and at the close of each hour. Not itself counted."""

    id: str
    time: Instant  # µs UTC
    epoch: Instant
    spooled: Count  # batches that wait for a receipt
    oldest: Instant  # µs UTC at which the oldest of them was recorded; 0 where none waits
    rows: tuple[TallyRow, ...]


class Probe(msgspec.Struct, frozen=True, kw_only=True, tag="probe"):
    """Runs the whole path from device to desk; hidden from desk, apps and counts; kept one hour."""

    id: str
    time: Instant  # µs UTC by the device's clock


Event = Alarm | Gap | Tally | Probe
_decoder: Final = msgspec.json.Decoder(tuple[Event, ...])


def encode(events: tuple[Event, ...]) -> bytes:
    """Events → JSON array."""
    return msgspec.json.encode(events)


def decode(payload: bytes) -> tuple[Event, ...]:
    """JSON array → 1 to 1,000 events. Raises Refused."""
    try:
        events = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("event", payload[:120], str(error)) from None
    if not 1 <= len(events) <= MOST:
        raise Refused("event", len(events), f"1 to {MOST} events a message")
    return tuple(_checked(event) for event in events)


def _checked(event: Event) -> Event:
    match event:
        case Gap():
            return _tidy(event)
        case Tally():
            for row in event.rows:
                if row.strays:
                    _check_strays(row)
    return event


def _check_strays(row: TallyRow) -> None:
    """Also what they sum up to stays within a store's integers."""
    total = 0
    for stray in row.strays:
        if stray.last < stray.first:
            raise Refused("strays", f"{stray.first}–{stray.last}", "a range ends before it starts")
        total += stray.each * (stray.last - stray.first + 1)
    if total > row.shed:
        raise Refused("strays", total, f"at most what was shed, {row.shed}")


def _tidy(gap: Gap) -> Gap:
    try:
        return msgspec.structs.replace(gap, ranges=union(gap.ranges))
    except ValueError as error:
        raise Refused("ranges", gap.ranges, str(error)) from None


def counts(events: tuple[Event, ...]) -> dict[int, int]:
    """Hour (µs UTC at its start) → alarms in it; both ends of the ledger count alarms only."""
    counted: dict[int, int] = {}
    for event in events:
        if isinstance(event, Alarm):
            hour = instants.floor(event.time, instants.HOUR)
            counted[hour] = counted.get(hour, 0) + 1
    return counted
