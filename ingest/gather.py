"""Gather what many messages of many devices bring into one store write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts import frames
from contracts.events import Event, Gap, Tally
from contracts.series import Block
from contracts.topics import Device
from ingest.parcel import Mark, Parcel, Reason
from store.sink import Arrival, DeadLetter


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One picture that waits for its place in the store."""

    device: Device
    header: frames.Header
    payload: bytes
    content_type: str


class Load:
    """One store write in the making. Stages add to it; what a refused message added is taken out."""

    def __init__(self) -> None:
        self.block = Block()
        self.stored: list[Parcel] = []  # parcel i is arrival i of the write
        self.dead: list[tuple[Parcel, DeadLetter]] = []
        self.frames: list[Frame] = []
        self.tallies: list[tuple[Device, Tally]] = []
        self.gaps: list[tuple[Device, Gap]] = []
        self.events: list[tuple[Device, Event]] = []
        self.oldest = 0.0  # monotonic seconds at which its first message came
        self.bytes = 0
        self.reasons: dict[tuple[str, Reason], int] = {}  # channel and reason → messages

    @property
    def messages(self) -> int:
        """How many messages wait for this load's write."""
        return len(self.stored) + len(self.dead)

    def parcels(self) -> list[Parcel]:
        """All of them."""
        return [*self.stored, *(parcel for parcel, _ in self.dead)]

    def mark(self) -> Mark:
        """Where everything ends now."""
        block = self.block
        return Mark(
            len(block),
            len(block.series),
            len(self.frames),
            len(self.tallies),
            len(self.gaps),
            len(self.events),
        )

    def cut(self, mark: Mark) -> None:
        """Take out what was added since the mark."""
        self.block.cut(mark.rows, mark.series)
        del self.frames[mark.frames :], self.tallies[mark.tallies :]
        del self.gaps[mark.gaps :], self.events[mark.events :]

    def store(self, parcel: Parcel) -> None:
        """The parcel passed every stage."""
        self.bytes += len(parcel.message.payload)
        self.stored.append(parcel)
        self._count(parcel, Reason.STORED)

    def bury(self, parcel: Parcel, reason: Reason, letter: DeadLetter) -> None:
        """The parcel is refused, and kept as a dead letter."""
        self.bytes += len(letter.payload)
        self.dead.append((parcel, letter))
        self._count(parcel, reason)

    def without(self, refused: Mapping[int, tuple[Reason, DeadLetter]]) -> Load:
        """The same load with some arrivals as dead letters: what the store does not take holds up nothing."""
        load = Load()
        load.oldest = self.oldest
        for i, parcel in enumerate(self.stored):
            if i not in refused:
                load.adopt(self, parcel)
        for parcel, letter in self.dead:
            load.dead.append((parcel, letter))
            load.bytes += len(letter.payload)
        load.reasons |= {key: n for key, n in self.reasons.items() if key[1] is not Reason.STORED}
        for i, (reason, letter) in refused.items():
            load.bury(self.stored[i], reason, letter)
        return load

    def adopt(self, other: Load, parcel: Parcel) -> None:
        """Take over a parcel that another load stored, with all that is its."""
        start, end = parcel.start, parcel.end
        parcel.start = self.mark()
        self.block.extend(select(other.block, [(start.rows, end.rows)]))
        self.frames += other.frames[start.frames : end.frames]
        self.tallies += other.tallies[start.tallies : end.tallies]
        self.gaps += other.gaps[start.gaps : end.gaps]
        self.events += other.events[start.events : end.events]
        parcel.end = self.mark()
        self.store(parcel)

    def arrivals(self) -> list[Arrival]:
        """The accepted messages as the sink counts them."""
        return [_arrival(parcel) for parcel in self.stored]

    def _count(self, parcel: Parcel, reason: Reason) -> None:
        key = (parcel.channel.value if parcel.channel else "", reason)
        self.reasons[key] = self.reasons.get(key, 0) + 1


def select(block: Block, spans: Iterable[tuple[int, int]]) -> Block:
    """New block of the rows first ≤ i < end of each span, in this order."""
    chosen = Block()
    for series in block.series:
        chosen.place(series)
    for first, end in spans:
        base = len(chosen)
        chosen.index.extend(block.index[first:end])
        chosen.times.extend(block.times[first:end])
        chosen.numbers.extend(block.numbers[first:end])
        if block.others:
            for row in range(first, end):
                if row in block.others:
                    chosen.others[base + row - first] = block.others[row]
    return chosen


def _arrival(parcel: Parcel) -> Arrival:
    if parcel.device is None or parcel.channel is None:
        raise ValueError("a parcel without an address cannot be stored")
    return Arrival(
        device=parcel.device,
        channel=parcel.channel.value,
        sequence=parcel.sequence,
        rows=(parcel.start.rows, parcel.end.rows),
        counts=parcel.counts,
        replays=parcel.replays,
    )
