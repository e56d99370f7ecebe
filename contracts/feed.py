"""Ingest's feed: what one worker just accepted, for analytics and presence.

It may lose: readers see the hole in `seq`.
"""

from __future__ import annotations

from array import array
from typing import Final

import msgspec

from contracts.errors import Refused
from contracts.events import Event
from contracts.series import Block, Other, Series
from contracts.topics import Device


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """One store write of one worker, made after it was durable."""

    worker: str
    seq: int  # 1, 2, 3 … per start of the worker; a hole means: read the range again from the store
    started: int  # µs UTC at the worker's start: tells its restarts apart
    watermark: int  # µs UTC; the newest sample time accepted so far, never later than now
    block: Block
    events: tuple[tuple[Device, Event], ...] = ()
    urgent: bool = False  # of a worker that takes alarms alone: readers take it before what measures


class _Wire(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    worker: str
    seq: int
    started: int
    watermark: int
    series: list[Series]
    index: bytes
    times: bytes
    numbers: bytes
    others: dict[int, Other]
    events: tuple[tuple[Device, Event], ...]
    urgent: bool = False


_decoder: Final = msgspec.msgpack.Decoder(_Wire)


def encode(accepted: Accepted) -> bytes:
    """Message → msgpack, columns as little-endian bytes (both ends run on the same kind of machine)."""
    block = accepted.block
    return msgspec.msgpack.encode(
        _Wire(
            worker=accepted.worker,
            seq=accepted.seq,
            started=accepted.started,
            watermark=accepted.watermark,
            series=block.series,
            index=block.index.tobytes(),
            times=block.times.tobytes(),
            numbers=block.numbers.tobytes(),
            others=block.others,
            events=accepted.events,
            urgent=accepted.urgent,
        )
    )


def decode(payload: bytes) -> Accepted:
    """msgpack → message. Raises Refused."""
    try:
        wire = _decoder.decode(payload)
        block = Block()
        for series in wire.series:
            block.place(series)
        block.index = _column("i", wire.index)
        block.times = _column("q", wire.times)
        block.numbers = _column("d", wire.numbers)
        block.others = wire.others
    except (msgspec.MsgspecError, ValueError) as error:
        raise Refused("feed", payload[:40], str(error)) from None
    if not len(block.index) == len(block.times) == len(block.numbers):
        raise Refused("feed", len(block.index), "columns of different length")
    return Accepted(
        worker=wire.worker,
        seq=wire.seq,
        started=wire.started,
        watermark=wire.watermark,
        block=block,
        events=wire.events,
        urgent=wire.urgent,
    )


def _column(code: str, raw: bytes) -> array:  # type: ignore[type-arg]  # its item type depends on the code
    column = array(code)
    column.frombytes(raw)
    return column
