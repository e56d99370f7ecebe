"""What the access data promises, said again in other words: a slip in the data fails here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brokers.matrix import World, covers, reads, writes
from contracts import access
from contracts.access import Role
from contracts.errors import Refused
from contracts.topics import Channel, Device, DeviceTopic, Kind, name, parse
from devices.broker.state import PROCESSES
from runtime.mqtt.routes import pattern

WORLD = World()
BY_ITSELF = {"telemetry", "event", "frame", "status", "result", "shadow/reported"}
TO_IT = {"receipt", "command", "shadow/desired"}


def mine(topic: str) -> str:
    """The channel, where a topic is the device's own."""
    try:
        found = parse(topic)
    except Refused:
        return ""
    return found.channel if isinstance(found, DeviceTopic) and found.device == WORLD.own else ""


def test_a_device_writes_its_own_channels_and_hears_its_own_and_its_sites() -> None:
    device = WORLD.parties()[0]
    written = {topic for topic in WORLD.said() if writes(device.topics, topic)}
    assert {mine(topic) for topic in written} == BY_ITSELF
    assert len(written) == len(BY_ITSELF)
    heard = {topic for topic in WORLD.said() if reads(device.topics, topic)}
    site = {"imm/v1/here/alert/x", "imm/v1/here/takeover/x"}
    assert {mine(topic) for topic in heard - site} == TO_IT
    assert site <= heard
    assert len(heard) == len(TO_IT) + 2


def test_no_device_has_a_wildcard_over_channels() -> None:
    own = access.device(WORLD.own)
    assert not [topic for topic in (*own.read, *own.write, *own.shared) if set(topic) & set("+#")]


def test_nobody_hears_everything_or_speaks_for_devices() -> None:
    for party in WORLD.parties():
        for topic in (*party.topics.read, *party.topics.shared, *party.topics.write):
            assert "#" not in topic, party.label
        spoken = [
            one.topic(channel)
            for one in (WORLD.peer, WORLD.far)
            for channel in Channel
            if writes(party.topics, one.topic(channel))
        ]
        allowed = {Role.INGEST: {"receipt"}, Role.DESK: {"command", "shadow/desired"}}.get(
            party.label,  # type: ignore[call-overload]
            set(),
        )
        assert {str(parse(topic).channel) for topic in spoken} == allowed, party.label  # type: ignore[union-attr]


def test_only_alerts_answers_judgements_and_only_the_desk_commands() -> None:
    said = {
        "imm/v1/here/judgement/x/receipt": {"alerts"},
        "imm/v1/here/wifi/peer/command": {"desk"},
        "imm/v1/here/roster/x": {"desk"},
        "imm/v1/here/alert/x": {"alerts", "desk"},
        "$CONTROL/dynamic-security/v1": {"desk"},
        "imm/v1/platform/acl/feed": {"ingest"},
    }
    for topic, expected in said.items():
        assert {party.label for party in WORLD.parties() if writes(party.topics, topic)} == expected


def test_accounts_of_processes_can_be_no_devices() -> None:
    for role in PROCESSES:
        with pytest.raises(Refused):
            name("device", access.account(role))
    with pytest.raises(Refused):
        access.account(Role.APP, "two words")


@pytest.mark.parametrize("topic", ["#", "+/x", "imm/v1/here/kiosk/peer/command", "$SYS/x", "/imm", "imm"])
def test_a_mapping_opens_nothing_of_ours(topic: str) -> None:
    with pytest.raises(Refused):
        access.device(WORLD.own, mapped=[topic])
    with pytest.raises(Refused):
        access.process(Role.INGEST, mapped=[topic])


@pytest.mark.parametrize("text", ["a+b", "a#", "+", "a/b", "A", "ä", "", "a\0", "-a", "$SYS", "x" * 65])
def test_a_name_with_characters_of_filters_is_nobodys(text: str) -> None:
    for fields in ({"site": text, "device": "k"}, {"site": "s", "device": text}):
        with pytest.raises(Refused):
            Device(kind=Kind.KIOSK, **fields)


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "$x", ""]), min_size=1, max_size=4)
FILTERS = st.builds(lambda levels, tail: "/".join([*levels, *tail]), LEVELS, st.sampled_from([[], ["#"]]))
TOPICS = st.lists(st.sampled_from(["a", "b", "$x", ""]), min_size=1, max_size=5).map("/".join)


@given(FILTERS, FILTERS, TOPICS)
def test_a_filter_that_covers_another_hears_what_it_hears(granted: str, wish: str, topic: str) -> None:
    if covers(granted, wish) and pattern(wish).fullmatch(topic):
        assert pattern(granted).fullmatch(topic)


@given(FILTERS)
def test_a_filter_covers_itself(one: str) -> None:
    assert covers(one, one)
