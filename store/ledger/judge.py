"""What a write means for the ledger: which messages are new, and which counts they change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.batches import Sequence
from contracts.instants import HOUR, floor
from contracts.ranges import Ranges, of
from contracts.topics import Device
from store.sink import Arrival, Committed, DeadLetter, Write


class Place(NamedTuple):
    """Of a device's channel: where counts belong."""

    device: Device
    channel: str


class Epoch(NamedTuple):
    """Of a stream: where sequence numbers belong. Orders as rows are locked."""

    device: str
    channel: str
    epoch: int


@dataclass(slots=True)
class Delta:
    """What is added to one row."""

    received: int = 0
    stored: int = 0
    dead: int = 0
    duplicated: int = 0
    unsequenced: int = 0


class Charge(NamedTuple):
    """What a dead letter was counted as, to be taken back when it is replayed."""

    place: Place | None
    counts: Mapping[int, int]


@dataclass(slots=True)
class Verdict:
    """Outcome for one write."""

    duplicates: list[int] = field(default_factory=list)  # indices of arrivals
    dead_duplicates: list[int] = field(default_factory=list)  # indices of dead letters
    numbers: defaultdict[Epoch, list[int]] = field(default_factory=lambda: defaultdict(list))  # new ones
    deltas: defaultdict[tuple[Place, int], Delta] = field(default_factory=lambda: defaultdict(Delta))
    kept: list[tuple[DeadLetter, Charge]] = field(default_factory=list)  # new dead letters
    replayed: list[str] = field(default_factory=list)  # ids of dead letters accepted after all
    stored: int = 0

    @property
    def ranges(self) -> dict[Epoch, Ranges]:
        """New sequence numbers, in the order in which rows are locked."""
        return {epoch: of(numbers) for epoch, numbers in sorted(self.numbers.items())}

    @property
    def committed(self) -> Committed:
        """What ingest is told."""
        return Committed(
            duplicates=tuple(self.duplicates),
            dead_duplicates=tuple(self.dead_duplicates),
            stored=self.stored,
        )


def epochs(write: Write) -> set[Epoch]:
    """Every stream and epoch that the write speaks of."""
    sequences = [one.sequence for one in write.arrivals if not one.replays]
    sequences += [one.sequence for one in write.dead]
    return {_epoch(sequence) for sequence in sequences if sequence}


def judge(
    write: Write, seen: Callable[[Epoch, int], bool], charges: Callable[[str], Charge | None]
) -> Verdict:
    """Judge a write. `charges` knows the dead letters that wait for a decision, by id."""
    verdict = Verdict()
    fresh: set[tuple[Epoch, int]] = set()
    for index, arrival in enumerate(write.arrivals):
        if arrival.replays:
            is_new = _replay(verdict, arrival, charges)
        else:
            is_new = _is_new(verdict, arrival.sequence, seen, fresh)
            _count(verdict, arrival, is_new=is_new)
        if not is_new:
            verdict.duplicates.append(index)
    for index, letter in enumerate(write.dead):
        is_new = _is_new(verdict, letter.sequence, seen, fresh)
        charge = _charge(letter)
        for hour, count in charge.counts.items():
            if charge.place:
                delta = verdict.deltas[charge.place, hour]
                delta.received += count if is_new else 0
                delta.dead += count if is_new else 0
                delta.duplicated += 0 if is_new else count
        if is_new:
            verdict.kept.append((letter, charge))
        else:
            verdict.dead_duplicates.append(index)
    return verdict


def _is_new(
    verdict: Verdict,
    sequence: Sequence | None,
    seen: Callable[[Epoch, int], bool],
    fresh: set[tuple[Epoch, int]],
) -> bool:
    if sequence is None:
        return True
    key = _epoch(sequence), sequence.seq
    if key in fresh or seen(*key):
        return False
    fresh.add(key)
    verdict.numbers[key[0]].append(sequence.seq)
    return True


def _count(verdict: Verdict, arrival: Arrival, *, is_new: bool) -> None:
    place = Place(arrival.device, arrival.channel)
    for hour, count in arrival.counts.items():
        delta = verdict.deltas[place, hour]
        if not is_new:
            delta.duplicated += count
            continue
        delta.received += count
        delta.stored += count
        delta.unsequenced += 0 if arrival.sequence else count
        verdict.stored += count


def _replay(verdict: Verdict, arrival: Arrival, charges: Callable[[str], Charge | None]) -> bool:
    """Count a dead letter as stored instead, in the hours that it is now known to be about."""
    charge = None if arrival.replays in verdict.replayed else charges(arrival.replays)
    if charge is None:
        _count(verdict, arrival, is_new=False)
        return False
    verdict.replayed.append(arrival.replays)
    for hour, count in charge.counts.items():
        if charge.place:
            delta = verdict.deltas[charge.place, hour]
            delta.received -= count
            delta.dead -= count
    _count(verdict, arrival, is_new=True)
    return True


def _charge(letter: DeadLetter) -> Charge:
    """A refused message seldom tells its hours: then it counts in that of its arrival."""
    counts = letter.counts or ({floor(letter.received, HOUR): letter.samples} if letter.samples else {})
    place = Place(letter.device, letter.channel) if letter.device and letter.channel else None
    return Charge(place, counts)


def _epoch(sequence: Sequence) -> Epoch:
    return Epoch(sequence.stream.device, sequence.stream.channel, sequence.epoch)


def refused_rows(write: Write, duplicates: Iterable[int]) -> list[tuple[int, int]]:
    """Row ranges of the block that belong to duplicates, and are not written again."""
    return [write.arrivals[index].rows for index in duplicates]
