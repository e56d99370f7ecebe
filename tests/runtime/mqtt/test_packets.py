import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from runtime.mqtt import Ask, packets
from runtime.mqtt.packets import Malformed

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
topics = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=60)
pairs = st.lists(st.tuples(words, words), max_size=5)


@given(st.integers(0, packets.LARGEST))
@example(127)
@example(128)
@example(packets.LARGEST)
def test_integer_round_trip(value: int) -> None:
    raw = packets.integer(value)
    assert packets.varint(raw + b"rest", 0) == (value, len(raw))


@given(st.binary(max_size=6))
def test_integer_of_any_bytes_ends(raw: bytes) -> None:
    try:
        value, end = packets.varint(raw, 0)
    except (IndexError, Malformed):
        return
    assert 0 <= value <= packets.LARGEST
    assert 1 <= end <= 4


@given(
    topics,
    st.binary(max_size=300),
    pairs,
    words,
    st.none() | st.integers(0, 2**32 - 1),
    st.integers(0, 1),
    st.booleans(),
    st.integers(1, 65_535),
    st.booleans(),
)
def test_publish_round_trip(
    topic: str,
    payload: bytes,
    user: list[tuple[str, str]],
    content_type: str,
    expiry: int | None,
    qos: int,
    retain: bool,
    mid: int,
    v5: bool,
) -> None:
    packed = packets.properties(user, content_type, expiry) if v5 else b""
    raw = packets.publish(topic, len(payload), mid, qos=qos, retain=retain, properties=packed) + payload
    length, body = packets.varint(raw, 1)
    assert body + length == len(raw)
    message = packets.decode(raw[0], memoryview(raw)[body:], v5=v5)
    assert (message.topic, message.payload, message.qos) == (topic, payload, qos)
    assert (message.retain, message.dup) == (retain, False)
    assert message.mid == (mid if qos else 0)
    assert message.properties == (dict(user) if v5 else {})
    assert message.content_type == (content_type if v5 else "")


@given(pairs, words, st.none() | st.integers(0, 2**32 - 1), words, st.binary(max_size=40))
def test_properties_are_those_of_paho(
    user: list[tuple[str, str]], content_type: str, expiry: int | None, response: str, correlation: bytes
) -> None:
    theirs = Properties(PacketTypes.PUBLISH)
    if expiry is not None:
        theirs.MessageExpiryInterval = expiry
    if content_type:
        theirs.ContentType = content_type
    if response:
        theirs.ResponseTopic = response
    if correlation:
        theirs.CorrelationData = correlation
    for pair in user:
        theirs.UserProperty = pair
    ours = packets.properties(user, content_type, expiry, Ask(response, correlation))
    assert ours == theirs.pack()
    raw = packets.publish("t", 0, 1, qos=1, retain=False, properties=ours)
    message = packets.decode(raw[0], memoryview(raw)[packets.varint(raw, 1)[1] :], v5=True)
    assert message.ask == (response, correlation)


def test_other_properties_are_passed_over() -> None:
    theirs = Properties(PacketTypes.PUBLISH)
    theirs.PayloadFormatIndicator = 1
    theirs.MessageExpiryInterval = 9
    theirs.ContentType = "t"
    theirs.ResponseTopic = "r"
    theirs.CorrelationData = b"\1\2"
    theirs.TopicAlias = 7
    theirs.SubscriptionIdentifier = 300
    theirs.UserProperty = ("k", "v")
    raw = packets.text("a") + b"\0\1" + theirs.pack() + b"payload"
    message = packets.decode(0x32, memoryview(raw), v5=True)
    assert (message.content_type, message.properties, message.payload) == ("t", {"k": "v"}, b"payload")


@given(st.integers(0x30, 0x3F), st.binary(max_size=60), st.booleans())
@example(0x32, b"", True)
@example(0x30, b"\0\1a\x03\x26\0\xff", True)
def test_any_bytes_are_a_message_or_malformed(header: int, raw: bytes, v5: bool) -> None:
    try:
        message = packets.decode(header, memoryview(raw), v5=v5)
    except Malformed:
        return
    assert len(message.payload) <= len(raw)


def test_text_that_is_no_utf8_is_marked() -> None:
    message = packets.decode(0x30, memoryview(b"\0\2a\xff\0x"), v5=True)
    assert message.topic == "a\ufffd"


def test_text_too_long_for_mqtt_is_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        packets.properties([("k", "v" * 65_536)], "", None)


@given(st.integers(0, 65_535), st.none() | st.integers(0, 255))
def test_puback(mid: int, code: int | None) -> None:
    body = mid.to_bytes(2) + (b"" if code is None else code.to_bytes(1))
    assert packets.acknowledged(memoryview(body)) == (mid, code or 0)
    assert packets.puback(mid)[2:] == mid.to_bytes(2)
    with pytest.raises(Malformed):
        packets.acknowledged(memoryview(body[:1]))
