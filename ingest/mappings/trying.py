"""What a mapping makes of a message, before any device depends on it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from contracts import instants
from contracts.errors import Refused
from contracts.series import Block, Value, join_name
from contracts.topics import Device, Kind
from ingest.mappings.decode import decode
from ingest.mappings.load import Mappings, Match
from ingest.mappings.model import Mapping, Sample, Scalar

_CLOSE = 1e-9  # of a number to the one that a sample names


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one message."""

    mapping: str
    device: str
    time: int  # µs UTC
    values: dict[str, Value]  # series as in SenML, `metric` or `metric_instance`


def attempt(book: Mappings, topic: str, payload: bytes, *, now: int) -> Made:
    """Read one message. Raises Refused. Whether the roster knows the device is not asked."""
    match = book.find(topic)
    if match is None:
        raise Refused("topic", topic, "no mapping reads it")
    return _made(match, payload, now)


def faults(mapping: Mapping, *, now: int) -> Iterator[tuple[int, str]]:
    """Number (from 0) of each sample that does not come out as it says, and how not."""
    book = Mappings([mapping])
    for number, sample in enumerate(mapping.samples):
        try:
            made = attempt(book, sample.topic, sample.raw, now=now)
        except Refused as error:
            yield number, str(error)
        else:
            if wrong := "; ".join(_differences(sample, made)):
                yield number, wrong


def _made(match: Match, payload: bytes, now: int) -> Made:
    device = Device(
        site="try", kind=Kind.SENSOR, device=match.device
    )  # site and kind are the roster's to say
    block = Block()
    decode(payload, match.mapping, match.levels, device, now=now, block=block)
    rows = list(block.rows())
    return Made(
        mapping=match.mapping.name,
        device=match.device,
        time=rows[0][1],
        values={join_name(series.metric, series.instance): value for series, _, value in rows},
    )


def _differences(sample: Sample, made: Made) -> Iterator[str]:
    if sample.device and sample.device != made.device:
        yield f"device {made.device} instead of {sample.device}"
    if sample.time and (made.time != instants.from_rfc3339(sample.time)):
        yield f"time {instants.to_rfc3339(made.time)} instead of {sample.time}"
    for name, value in sample.values.items():
        if name not in made.values:
            yield f"no {name}"
        elif not _same(value, made.values[name]):
            yield f"{name} is {made.values[name]} instead of {value}"
    for name in made.values.keys() - sample.values.keys():
        yield f"{name} is made too: {made.values[name]}"


def _same(wanted: Scalar, found: Value) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool) or not isinstance(found, float):
        return type(wanted) is type(found) and wanted == found
    return isinstance(wanted, float) and math.isclose(wanted, found, rel_tol=_CLOSE, abs_tol=_CLOSE)
