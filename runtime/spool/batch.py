"""What goes into the spool and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from contracts import batches, frames
from contracts.errors import Refused
from contracts.instants import HOUR
from runtime.spool.address import Lane, of

OVERHEAD: Final = (
    512  # bytes that a row costs in the file beside what it carries: keys, indices, half-full pages
)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be spooled."""

    topic: str
    payload: bytes
    content_type: str
    counts: Mapping[
        int, int
    ] = {}  # hour (µs UTC at its start) → samples, events or frames counted in the ledger
    properties: tuple[tuple[str, str], ...] = ()  # MQTT 5 user properties beside those of the sequence

    def check(self) -> None:
        """Raise Refused where this may not be sent."""
        most = frames.LARGEST if of(self.topic).lane is Lane.FRAME else batches.LARGEST
        if len(self.payload) > most:
            raise Refused("payload", len(self.payload), f"at most {most} bytes")
        for hour, count in self.counts.items():
            if hour % HOUR or count < 0:
                raise Refused("counts", f"{hour}: {count}", "start of an hour in µs UTC and how many samples")

    @property
    def cost(self) -> int:
        """Bytes that it takes in the spool."""
        properties = sum(len(key) + len(value) + 8 for key, value in self.properties)
        return len(self.payload) + properties + 2 * len(self.topic) + 24 * len(self.counts) + OVERHEAD


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One spooled message on its way out."""

    id: int  # order in which it was recorded; greater than all earlier ones of this process
    lane: Lane
    topic: str
    stream: batches.Stream
    epoch: int
    seq: int
    offered: bool  # whether it was handed out before, so that it may have been sent
    size: int  # bytes it takes in the spool
    content_type: str
    properties: tuple[tuple[str, str], ...]
    payload: bytes

    @property
    def receipts(self) -> str:
        """Topic on which its receipt will come."""
        return of(self.topic).receipts

    @property
    def after(self) -> str:
        """What it has in common with batches that must be receipted before it leaves; empty where none."""
        return dict(self.properties).get(batches.AFTER, "")

    def place(self, attempt: int) -> batches.Sequence:
        """Its place in the stream, for one transmission."""
        return batches.Sequence(stream=self.stream, epoch=self.epoch, seq=self.seq, attempt=attempt)
