"""A refused message as the dead letter that is kept of it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.parcel import Parcel, Verdict
from store.sink import DeadLetter

CUT: Final = "imm-cut"  # property of a letter whose payload was too long to keep: its length in bytes


class Copy:
    """The message that a dead letter is."""

    retain = False

    def __init__(self, letter: DeadLetter) -> None:
        self.topic = letter.topic
        self.payload = letter.payload
        self.properties: Mapping[str, str] = letter.properties
        self.content_type = letter.content_type

    def ack(self) -> None:
        """No broker waits for it."""


def letter(parcel: Parcel, verdict: Verdict, *, id_: str, kept: int) -> DeadLetter:
    """Everything that is known about a refused message; of its payload the first `kept` bytes."""
    message = parcel.message
    properties = dict(message.properties)
    if len(message.payload) > kept:
        properties[CUT] = str(len(message.payload))
    return DeadLetter(
        id=id_,
        received=parcel.received,
        topic=message.topic,
        payload=message.payload[:kept],
        properties=properties,
        content_type=message.content_type,
        field=verdict.field,
        value=verdict.value,
        reason=verdict.sentence,
        device=parcel.device,
        channel=parcel.channel.value if parcel.channel else "",
        sequence=parcel.sequence,
        samples=parcel.samples,
        counts=parcel.counts,
    )
