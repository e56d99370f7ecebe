"""What a device tells besides samples: alarms, declared gaps, its half of the ledger, probes. One message, one JSON array."""

from __future__ import annotations

from typing import Final

import msgspec

from contracts import instants
from contracts.errors import Refused
from contracts.ranges import Ranges

MOST: Final = 1_000  # events in one message


class Alarm(msgspec.Struct, frozen=True, kw_only=True, tag="alarm"):
    """Something that needs attention now; never shed for metrics."""

    id: str
    time: int  # µs UTC
    name: str  # what happened, as dotted words: `door.opened`
    severity: str = "moderate"  # CAP 1.2: extreme, severe, moderate, minor
    text: str = ""  # for people
    values: dict[str, float | str | bool] = {}


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag="gap"):
    """Batches that the device knows it lost or gave up: a declared, counted hole."""

    id: str
    time: int  # µs UTC, when it was declared
    channel: str
    epoch: int
    ranges: Ranges  # sequence numbers that will never come
    samples: dict[int, int]  # hour (µs UTC at its start) → samples in the hole; hour 0 where it is not known
    reason: str  # full, corrupt, disk, expired


class TallyRow(msgspec.Struct, frozen=True, kw_only=True):
    """The device's count for one channel and hour of sample time; cumulative, so the newest row wins."""

    channel: str
    hour: int  # µs UTC at its start
    recorded: int  # samples, events or frames committed to the spool
    sent: int  # of these, in batches that the broker has acknowledged at least once
    shed: int  # of these, given up and declared


class Tally(msgspec.Struct, frozen=True, kw_only=True, tag="tally"):
    """The device's half of the ledger, each minute and at the close of each hour. Not itself counted."""

    id: str
    time: int  # µs UTC
    epoch: int
    spooled: int  # batches that wait for a receipt
    oldest: int  # µs UTC at which the oldest of them was recorded; 0 where none waits
    rows: tuple[TallyRow, ...]


class Probe(msgspec.Struct, frozen=True, kw_only=True, tag="probe"):
    """Runs the whole path from device to desk; hidden from desk, apps and counts; kept one hour."""

    id: str
    time: int  # µs UTC by the device's clock


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
    return events


def counts(events: tuple[Event, ...]) -> dict[int, int]:
    """Hour (µs UTC at its start) → alarms in it. Both ends of the ledger count alarms only: the rest is about the ledger."""
    counted: dict[int, int] = {}
    for event in events:
        if isinstance(event, Alarm):
            hour = instants.floor(event.time, instants.HOUR)
            counted[hour] = counted.get(hour, 0) + 1
    return counted
