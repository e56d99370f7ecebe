"""Holes in what was received, and why they are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from contracts.ledger import Hole
from contracts.ranges import Range, Ranges, gaps, union
from store.ledger.judge import Epoch

IN_FLIGHT: Final = "in flight"
UNEXPLAINED: Final = "unexplained"
ELSEWHERE: Final = "judgement"  # a channel that alerts receives: here only what was given up is told


class Spool(NamedTuple):
    """The head of a device's newest tally."""

    epoch: int
    time: int  # µs UTC
    spooled: int  # batches that waited
    oldest: int  # µs UTC at which the oldest of them was recorded


class Declared(NamedTuple):
    """Sequence numbers that the device gave up."""

    epoch: int
    ranges: Ranges
    reason: str


def find_all(
    received: Mapping[Epoch, Ranges],
    gaps_: Iterable[tuple[Epoch, int, int, str]],
    spools: Mapping[str, Spool],
) -> list[Hole]:
    """Holes of all streams in order of (device, channel, epoch); `gaps_`: (stream, first, last, reason)."""
    declared: defaultdict[tuple[str, str], defaultdict[tuple[int, str], list[Range]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for epoch, first, last, reason in gaps_:
        declared[epoch.device, epoch.channel][epoch.epoch, reason].append((first, last))
    came: defaultdict[tuple[str, str], dict[int, Ranges]] = defaultdict(dict)
    for epoch, ranges in received.items():
        came[epoch.device, epoch.channel][epoch.epoch] = ranges
    return [
        hole
        for device, channel in sorted({*came, *declared})
        for hole in find(
            device,
            channel,
            came[device, channel],
            [
                Declared(number, union(ranges), reason)
                for (number, reason), ranges in declared[device, channel].items()
            ],
            spools.get(device),
        )
    ]


def find(
    device: str,
    channel: str,
    received: Mapping[int, Ranges],
    declared: Sequence[Declared],
    spool: Spool | None,
) -> list[Hole]:
    """Holes of one stream in order of epoch."""
    found: list[Hole] = []
    epochs = sorted({*received, *(one.epoch for one in declared)})
    for place, epoch in enumerate(epochs):
        came = received.get(epoch, ())
        given_up = [one for one in declared if one.epoch == epoch]
        for one in given_up:
            missing = tuple(gap for first, last in one.ranges for gap in gaps(came, last, first))
            found += _hole(device, channel, epoch, missing, one.reason)
        if channel == ELSEWHERE:
            continue
        known = union(came, *(one.ranges for one in given_up))
        later = epochs[place + 1] if place + 1 < len(epochs) else None
        reason = IN_FLIGHT if _may_come(epoch, later, spool) else UNEXPLAINED
        found += _hole(device, channel, epoch, gaps(known, known[-1][1]) if known else (), reason)
    return found


def _may_come(epoch: int, later: int | None, spool: Spool | None) -> bool:
    """Whether the spool may still hold batches of the epoch: it survives the agent's restarts."""
    if spool is None:
        return True
    if spool.epoch > epoch and (later is None or spool.epoch < later):
        later = spool.epoch
    if later is None:
        return True
    return spool.spooled > 0 and spool.oldest < later


def _hole(device: str, channel: str, epoch: int, ranges: Ranges, reason: str) -> list[Hole]:
    return [Hole(device=device, channel=channel, epoch=epoch, ranges=ranges, reason=reason)] if ranges else []
