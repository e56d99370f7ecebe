"""Stage 1: whose message it is, on which channel, at which place in its stream."""

from __future__ import annotations

from typing import Final, NamedTuple

from contracts import batches, topics
from contracts.errors import Refused
from contracts.roster import Producer, Reader
from ingest.gather import Load
from ingest.mapping import Rule
from ingest.parcel import Parcel, Reason, Verdict, refusal, refuse

CHANNELS: Final = (
    topics.Channel.TELEMETRY,
    topics.Channel.EVENT,
    topics.Channel.FRAME,
    topics.Channel.STATUS,
)
_REMEMBERED: Final = 20_000  # topics whose parts are remembered; all are forgotten beyond, then learnt again


class _Address(NamedTuple):
    topic: topics.DeviceTopic
    stream: batches.Stream
    text: str  # of the stream


class Route:
    """Finds device, channel, sequence. Refuses foreign topics, devices not in the roster, wrong sequences."""

    def __init__(self, roster: Reader, mappings: tuple[Rule, ...] = ()) -> None:
        self._roster = roster
        self._rules = {rule.topic: rule for rule in mappings}
        self._topics: dict[str, _Address] = {}

    def __call__(self, parcel: Parcel, _load: Load) -> Verdict | None:
        text = parcel.message.topic
        parcel.rule = self._rules.get(text)
        if parcel.rule is not None:
            return self._mapped(parcel, parcel.rule)
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

    def _mapped(self, parcel: Parcel, rule: Rule) -> Verdict | None:
        parcel.channel = topics.Channel.TELEMETRY
        entry = self._roster.get(rule.device)
        if entry is None or isinstance(entry, Producer):
            return refuse(Reason.DEVICE, "device", rule.device, "mapped, but not in the roster")
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
