"""What ingest hands over in one call, and what it may promise after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from contracts.batches import Sequence
from contracts.events import Gap, Tally
from contracts.series import Block
from contracts.topics import Device


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted message."""

    device: Device
    channel: str  # telemetry, event, frame, status
    sequence: Sequence | None  # None: from a client that numbers nothing
    rows: tuple[int, int]  # rows first ≤ i < end of the write's block are this message's
    counts: Mapping[
        int, int
    ]  # hour of sample time (µs UTC at its start) → samples, events or frames; no probes
    replays: str = ""  # id of the dead letter that this message was until now


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was refused, as it came, and why."""

    id: str
    received: int  # µs UTC
    topic: str
    payload: bytes
    properties: Mapping[str, str] = {}
    content_type: str = ""
    field: str
    value: str
    reason: str
    device: Device | None = None  # as far as the topic tells
    channel: str = ""
    sequence: Sequence | None = None
    samples: int = 0  # how many were in it, as far as it could be told
    counts: Mapping[int, int] = {}  # the same by hour of sample time, where even that could be told
    replayed: int | None = None  # µs UTC at which it was accepted after all


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker gathered."""

    worker: str
    at: int  # µs UTC
    block: Block
    arrivals: list[Arrival] = []
    dead: list[DeadLetter] = []
    tallies: list[tuple[Device, Tally]] = []
    gaps: list[tuple[Device, Gap]] = []


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a write: all of it is durable."""

    duplicates: tuple[
        int, ...
    ] = ()  # indices of arrivals that the ledger had already: their rows were not written
    dead_duplicates: tuple[int, ...] = ()  # indices of dead letters that it had already: not kept twice
    stored: int = 0  # samples, events and frames counted as stored for the first time


class Sink(Protocol):
    """Where ingest writes."""

    def commit(self, write: Write) -> Committed:
        """Make samples, ledger rows, dead letters, tallies and gaps durable; blocks: use a thread.

        Whatever it returned for without an error may be receipted. Raises Rejected (nothing of it is in the
        ledger: make dead letters of the arrivals that own those rows, and commit again), Retry, Gone.
        """
        ...
