"""What identifies a batch on its way: stream, epoch, sequence number; carried as MQTT 5 user properties.

Batches without them (MQTT 3.1.1 clients) are stored, counted as unsequenced, and not receipted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import msgspec

from contracts.errors import Refused
from contracts.topics import Channel, Device, name

JSON: Final = "application/senml+json"
CBOR: Final = "application/senml+cbor"
EVENTS: Final = "application/vnd.imm.events+json"
AFTER: Final = (
    "after"  # user property: a batch waits until the one before it with the same value is receipted
)
LARGEST: Final = 1_000_000  # bytes of one payload; larger ones are refused (dead letter)
_MOST: Final = 2**62  # every store's integers hold it, also after adding 1


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One device's one channel: the unit in which sequence numbers are counted."""

    device: str
    channel: str  # telemetry, event, frame; judgement for a producer of judgements

    def __str__(self) -> str:
        return f"{self.device}/{self.channel}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """`device/channel` → record. Raises Refused."""
        device, slash, channel = text.partition("/")
        if not slash:
            raise Refused("stream", text, "not of the form device/channel")
        return cls(device=name("stream", device), channel=name("stream", channel))

    @classmethod
    def of(cls, device: Device, channel: Channel) -> Self:
        """The stream that a device's channel is."""
        return cls(device=device.device, channel=channel.value)


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """Place of a batch in its stream."""

    stream: Stream
    epoch: int  # which start of the agent: µs at its start, always greater than the one before
    seq: int  # 1, 2, 3 … within stream and epoch
    attempt: int = 1  # 1 = first transmission

    def properties(self) -> list[tuple[str, str]]:
        """MQTT 5 user properties."""
        return [
            ("stream", str(self.stream)),
            ("epoch", str(self.epoch)),
            ("seq", str(self.seq)),
            ("attempt", str(self.attempt)),
        ]


def sequence(properties: Mapping[str, str]) -> Sequence | None:
    """User properties → place in the stream; None where there is none.

    Raises Refused where it is partial or wrong.
    """
    if not any(key in properties for key in ("stream", "epoch", "seq")):
        return None
    return place(Stream.parse(properties.get("stream", "")), properties)


def place(stream: Stream, properties: Mapping[str, str]) -> Sequence:
    """The same where the stream is known. Raises Refused."""
    return Sequence(
        stream=stream,
        epoch=_count(properties, "epoch"),
        seq=_count(properties, "seq"),
        attempt=_count(properties, "attempt") if "attempt" in properties else 1,
    )


def _count(properties: Mapping[str, str], field: str) -> int:
    text = properties.get(field, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= _MOST):
        raise Refused(field, text, "a whole number from 1 to 2^62")
    return int(text)
