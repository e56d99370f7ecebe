import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import topics
from contracts.errors import Refused
from contracts.topics import AreaTopic, Channel, Device, DeviceTopic, Kind, PlatformTopic

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
SITES = NAMES.filter(lambda name: name != topics.PLATFORM)
DEVICES = st.builds(Device, site=SITES, kind=st.sampled_from(Kind), device=NAMES)
AREAS = st.sampled_from(["alert", "takeover", "roster"])
TOPICS = st.one_of(
    st.builds(DeviceTopic, device=DEVICES, channel=st.sampled_from(Channel)),
    st.builds(AreaTopic, site=SITES, area=AREAS, subject=NAMES),
    st.builds(AreaTopic, site=SITES, area=st.just("judgement"), subject=NAMES, receipt=st.booleans()),
    st.builds(PlatformTopic, worker=NAMES, channel=NAMES),
)


@given(TOPICS)
def test_parse_is_the_inverse_of_format(topic: topics.Topic) -> None:
    assert topics.parse(str(topic)) == topic


@given(st.text(alphabet="abim/v1+#-0-platformkiosk", max_size=60).map(lambda text: f"imm/v1/{text}"))
def test_what_parses_formats_to_the_same_text(text: str) -> None:
    try:
        topic = topics.parse(text)
    except Refused:
        return
    assert str(topic) == text


@given(TOPICS)
def test_no_topic_holds_a_wildcard(topic: topics.Topic) -> None:
    assert re.fullmatch(r"[a-z0-9/-]+", str(topic))


@pytest.mark.parametrize(
    "text,field",
    [
        ("", "topic"),
        ("imm/v2/bima/kiosk/kiosk-1/telemetry", "topic"),
        ("imm/v1/bima/kiosk/kiosk-1", "topic"),
        ("imm/v1/bima/toaster/kiosk-1/telemetry", "kind"),
        ("imm/v1/bima/kiosk/kiosk-1/gossip", "channel"),
        ("imm/v1/bima/kiosk/kiosk-1/shadow", "channel"),
        ("imm/v1/bima/kiosk/kiosk-1/shadow/desired/x", "topic"),
        ("imm/v1/bima/kiosk/Kiosk-1/telemetry", "device"),
        ("imm/v1/bima/kiosk/-kiosk/telemetry", "device"),
        ("imm/v1/bima/kiosk//telemetry", "device"),
        ("imm/v1/b ma/kiosk/kiosk-1/telemetry", "site"),
        ("imm/v1/platform/kiosk/kiosk-1/telemetry", "site"),
        ("imm/v1/bima/alert/a/receipt", "receipt"),
        ("imm/v1/bima/judgement/a/other", "topic"),
        ("imm/v1/bima/kiosk/kiosk-1/telemetry" + "x" * 250, "topic"),
        ("imm/v1/bima/kiosk/kiosk-1/telemetry\n", "channel"),
    ],
)
def test_a_wrong_topic_is_refused_by_the_level_that_is_wrong(text: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        topics.parse(text)
    assert caught.value.field == field


def matches(topic_filter: str, topic: str) -> bool:
    """MQTT's own rule for `+`, which is all that our filters use."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    return len(wanted) == len(levels) and all(
        w in ("+", level) for w, level in zip(wanted, levels, strict=True)
    )


@given(TOPICS)
def test_filters_match_exactly_their_topics(topic: topics.Topic) -> None:
    text = str(topic)
    for channel in topics.WRITTEN_BY_DEVICE:
        expected = isinstance(topic, DeviceTopic) and topic.channel == channel
        assert matches(topics.every(channel), text) == expected
    for receipt in (False, True):
        expected = isinstance(topic, AreaTopic) and topic.area == "judgement" and topic.receipt == receipt
        assert matches(topics.every_area("judgement", receipt=receipt), text) == expected
    worker_feed = isinstance(topic, PlatformTopic) and topic.channel == "feed"
    assert matches(topics.every_worker("feed"), text) == worker_feed


def test_a_shared_filter_names_its_group() -> None:
    assert topics.shared("ingest", "imm/v1/+/+/+/event") == "$share/ingest/imm/v1/+/+/+/event"
    with pytest.raises(Refused):
        topics.shared("in/gest", "imm/v1/+/+/+/event")


def test_what_a_device_writes_it_does_not_read() -> None:
    assert set(topics.WRITTEN_BY_DEVICE).isdisjoint(topics.READ_BY_DEVICE)
    assert set(topics.WRITTEN_BY_DEVICE) | set(topics.READ_BY_DEVICE) == set(Channel)
