import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from contracts.topics import Channel, every, shared
from runtime.mqtt import Message
from runtime.mqtt.routes import Routes, pattern

level = st.sampled_from(["a", "b", "$x", ""])
topics = st.lists(level, min_size=1, max_size=4).map("/".join).filter(bool)
filters = st.tuples(
    st.lists(st.sampled_from(["a", "b", "+", "$x"]), min_size=1, max_size=4), st.sampled_from(["", "/#"])
).map(lambda parts: "/".join(parts[0]) + parts[1])


@given(filters | st.just("#"), topics)
def test_filters_match_as_paho_says(topic_filter: str, topic: str) -> None:
    assert bool(pattern(topic_filter).fullmatch(topic)) == topic_matches_sub(topic_filter, topic)


def test_shared_filter_matches_what_it_shares() -> None:
    rule = pattern(shared("ingest", every(Channel.SHADOW_REPORTED)))
    assert rule.fullmatch("imm/v1/bima/kiosk/k1/shadow/reported")
    assert not rule.fullmatch("imm/v1/bima/kiosk/k1/telemetry")


def test_first_match_alone_gets_the_message() -> None:
    got: list[str] = []
    routes = Routes(lambda _: got.append("otherwise"))
    routes.add("a/+", lambda _: got.append("first"), 1)
    routes.add("a/#", lambda _: got.append("second"), 0)
    for topic in ("a/b", "a/b", "a/b/c", "z"):
        routes(Message(topic, b""))
    assert got == ["first", "first", "second", "otherwise"]
    assert routes.filters == [("a/+", 1), ("a/#", 0)]
    routes.add("a/+", lambda _: got.append("new"), 1)
    routes(Message("a/b", b""))
    assert got[-1] == "new"


def test_what_nobody_wants_is_acknowledged() -> None:
    message = Message("x", b"")
    Routes()(message)
    assert message.acked


def test_memory_of_topics_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.mqtt.routes._REMEMBERED", 5)
    routes = Routes()
    for number in range(50):
        routes(Message(f"t/{number}", b""))
    assert len(routes._known) <= 5
