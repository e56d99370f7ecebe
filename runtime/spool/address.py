"""What a topic means to the spool: stream, lane, where gaps are declared and receipts arrive."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import msgspec

from contracts.batches import Stream
from contracts.errors import Refused
from contracts.topics import AreaTopic, Channel, Device, DeviceTopic, Kind, parse

JUDGEMENT = "judgement"


class Lane(IntEnum):
    """Order in which batches leave; the last is shed first."""

    EVENT = 0
    JUDGEMENT = 1
    TELEMETRY = 2
    FRAME = 3


_LANES = {Channel.EVENT: Lane.EVENT, Channel.TELEMETRY: Lane.TELEMETRY, Channel.FRAME: Lane.FRAME}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One topic that batches go to."""

    topic: str
    stream: Stream
    lane: Lane
    device: Device  # whose event channel tells of this stream; a producer of judgements speaks as kind `city`
    receipts: str  # topic

    @property
    def events(self) -> str:
        """Topic on which gaps and tallies of this stream are told."""
        return self.device.topic(Channel.EVENT)


@lru_cache(maxsize=4096)
def of(topic: str) -> Address:
    """Topic text → address. Raises Refused for a topic that carries no batches."""
    match parse(topic):
        case DeviceTopic(device=device, channel=channel) if channel in _LANES:
            return Address(
                topic=topic,
                stream=Stream.of(device, channel),
                lane=_LANES[channel],
                device=device,
                receipts=device.topic(Channel.RECEIPT),
            )
        case AreaTopic(site=site, area="judgement", subject=producer, receipt=False):
            return Address(
                topic=topic,
                stream=Stream(device=producer, channel=JUDGEMENT),
                lane=Lane.JUDGEMENT,
                device=Device(site=site, kind=Kind.CITY, device=producer),
                receipts=str(AreaTopic(site=site, area="judgement", subject=producer, receipt=True)),
            )
        case _:
            raise Refused("topic", topic, "only event, judgement, telemetry and frame topics carry batches")
