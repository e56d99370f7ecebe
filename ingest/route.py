"""Stage 1: whose message it is, on which channel, at which place in its stream."""

from __future__ import annotations

from typing import Final, NamedTuple

from contracts import batches, topics
from contracts.errors import Refused
from contracts.roster import Producer, Reader
from ingest.gather import Load
from ingest.mappings.load import Mappings, Match
from ingest.parcel import Parcel, Reason, Verdict, refusal, refuse

CHANNELS: Final = (
    topics.Channel.TELEMETRY,
    topics.Channel.EVENT,
    topics.Channel.FRAME,
    topics.Channel.STATUS,
)
URGENT: Final = (topics.Channel.EVENT,)  # a lane of their own, which no measurement holds up
REST: Final = tuple(channel for channel in CHANNELS if channel not in URGENT)
_OURS: Final = f"{topics.ROOT}/"
_REMEMBERED: Final = 20_000  # topics whose parts are remembered; all are forgotten beyond, then learnt again


class _Address(NamedTuple):
    topic: topics.DeviceTopic
    stream: batches.Stream
    text: str  # of the stream


class Route:
    """Finds device, channel, sequence. Refuses foreign topics, devices not in the roster, wrong sequences."""

    def __init__(self, roster: Reader, mappings: Mappings) -> None:
        self._roster = roster
        self._mappings = mappings
        self._topics: dict[str, _Address] = {}

    def __call__(self, parcel: Parcel, _load: Load) -> Verdict | None:
        text = parcel.message.topic
        if not text.startswith(_OURS):
            return self._foreign(parcel)
        address = self._topics.get(text)
        if address is None:
            try:
                address = self._parse(text)
            except Refused as error:
                return refusal(Reason.TOPIC, error)
        topic = address.topic
        parcel.channel = topic.channel
        entry = self._roster.get(topic.device.device)
        if entry is None:
            return refuse(Reason.DEVICE, "device", topic.device.device, "not in the roster")
        if not entry.speaks_as(topic.device):
            return refuse(Reason.DEVICE, "topic", text, f"the roster has it at {entry.site}/{entry.kind}")
        parcel.device = topic.device
        parcel.entry = entry
        if topic.channel is topics.Channel.STATUS:
            if parcel.message.retain:
                return Verdict(reason=Reason.RETAINED)
            return None
        return _sequence(parcel, address)

    def _parse(self, text: str) -> _Address:
        topic = topics.parse(text)
        if not isinstance(topic, topics.DeviceTopic) or topic.channel not in CHANNELS:
            raise Refused("topic", text, "not a telemetry, event, frame or status topic")
        if len(self._topics) >= _REMEMBERED:
            self._topics.clear()
        stream = batches.Stream.of(topic.device, topic.channel)
        address = self._topics[text] = _Address(topic, stream, str(stream))
        return address

    def _foreign(self, parcel: Parcel) -> Verdict | None:
        text = parcel.message.topic
        try:
            match = self._mappings.find(text)
        except Refused as error:
            return refusal(Reason.DEVICE, error)
        if match is None:
            return refuse(
                Reason.TOPIC, "topic", text, f"does not start with {_OURS}, and no mapping reads it"
            )
        return self._mapped(parcel, match)

    def _mapped(self, parcel: Parcel, match: Match) -> Verdict | None:
        parcel.channel = topics.Channel.TELEMETRY
        if parcel.message.retain and not match.mapping.time:
            return Verdict(reason=Reason.RETAINED)  # of any age: it says nothing of now
        entry = self._roster.get(match.device)
        if entry is None or isinstance(entry, Producer):
            return refuse(
                Reason.DEVICE,
                "device",
                match.device,
                f"mapped by {match.mapping.name}, but not in the roster",
            )
        parcel.mapped = match
        parcel.device = entry.address
        parcel.entry = entry
        return None


def _sequence(parcel: Parcel, address: _Address) -> Verdict | None:
    """The batch's place in its stream, which must be the topic's own."""
    properties = parcel.message.properties
    try:
        if properties.get("stream") == address.text:
            parcel.sequence = batches.place(address.stream, properties)
            return None
        sequence = batches.sequence(properties)
    except Refused as error:
        return refusal(Reason.SEQUENCE, error)
    if sequence is None:
        return None
    return refuse(Reason.SEQUENCE, "stream", str(sequence.stream), f"the topic's is {address.text}")
