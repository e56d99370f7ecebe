"""What a device with good credentials, or somebody with bad ones, might try at a real Mosquitto."""

from __future__ import annotations

import socket
import ssl

import pytest

from app.brokers.caller import LIMIT, REFUSED, Caller
from app.brokers.mosquitto import MAX_PACKET, Mosquitto
from contracts.access import Role
from contracts.topics import Channel
from devices.broker.dynsec import Dynsec
from devices.broker.port import Certificate, Password
from tests.devices.broker.conftest import K1, K2, Call, desk
from tests.fixtures.authority import Authority

pytestmark = pytest.mark.system

QUIET = 0.2  # seconds in which what must not come would come
NOT_AUTHORIZED = 0x87


@pytest.fixture(autouse=True)
async def admitted(gate: Dynsec) -> None:
    """k1 by certificate, k2 by password."""
    await gate.admit(K1, Certificate())
    await gate.admit(K2, Password(secret="two"))


@pytest.fixture
def ear(secured: Mosquitto) -> Caller:
    """The desk, which hears what devices say of themselves, and its own commands."""
    caller = desk(secured)
    filters = [f"imm/v1/+/+/+/{channel}" for channel in ("status", "result", "command", "shadow/desired")]
    assert max(caller.ask([*filters, "imm/v1/+/alert/+"])) < REFUSED
    return caller


def heard(ear: Caller) -> list[str]:
    ear.until(lambda: False, QUIET)
    return [topic for topic, _ in ear.heard]


@pytest.mark.parametrize("protocol", [5, 4])
def test_a_forged_will_is_not_published_and_the_own_one_is(call: Call, ear: Caller, protocol: int) -> None:
    for topic in (
        K2.topic(Channel.STATUS),
        K2.topic(Channel.COMMAND),
        K1.topic(Channel.COMMAND),
        K1.topic(Channel.RECEIPT),
        "imm/v1/bima/alert/forged",
        "imm/v1/platform/w1/feed",
    ):
        call("k1", will=(topic, b"forged"), protocol=protocol).drop()
    call("k1", will=(K1.topic(Channel.STATUS), b"gone"), protocol=protocol).drop()
    assert ear.until(lambda: ear.heard, LIMIT)
    assert heard(ear) == [K1.topic(Channel.STATUS)]


def test_receipts_and_commands_cannot_be_forged(call: Call, ear: Caller) -> None:
    forged = [
        *(one.topic(channel) for one in (K1, K2) for channel in (Channel.RECEIPT, Channel.COMMAND)),
        K1.topic(Channel.SHADOW_DESIRED),
        K2.topic(Channel.RESULT),
        "imm/v1/bima/judgement/analytics/receipt",
    ]
    assert set(call("k1").say(forged)) == {NOT_AUTHORIZED}
    assert set(call("k2", "two").say([K1.topic(Channel.TELEMETRY), K1.topic(Channel.EVENT)])) == {0x87}
    assert not heard(ear)


def test_nothing_can_be_left_behind_for_others(call: Call, secured: Mosquitto) -> None:
    left = [
        K2.topic(Channel.SHADOW_DESIRED),
        K2.topic(Channel.STATUS),
        K1.topic(Channel.COMMAND),
        "imm/v1/bima/alert/forged",
        "imm/v1/bima/roster/k1",
    ]
    assert set(call("k1").say(left, b"forged", retain=True)) == {NOT_AUTHORIZED}
    with desk(secured) as late, desk(secured, Role.ALERTS) as other:
        assert max(late.ask(["imm/v1/+/+/+/shadow/desired", "imm/v1/+/+/+/status"])) < REFUSED
        assert max(other.ask(["imm/v1/+/alert/+", "imm/v1/+/roster/+"])) < REFUSED
        late.until(lambda: False, QUIET)
        assert not [payload for _, payload in (*late.heard, *other.heard) if payload == b"forged"]


def test_on_mqtt_3_a_forgery_is_acknowledged_and_dropped(call: Call, ear: Caller) -> None:
    caller = call("k1", protocol=4)
    assert caller.say([K2.topic(Channel.STATUS), K1.topic(Channel.COMMAND)], b"forged") == [0, 0]
    assert caller.ask(["#", K2.topic(Channel.COMMAND), K1.topic(Channel.COMMAND)]) == [0x80, 0x80, 1]
    assert not heard(ear)


def test_an_oversized_packet_ends_only_its_own_connection(call: Call, ear: Caller) -> None:
    caller = call("k1")
    caller._client.publish(K1.topic(Channel.FRAME), b"\0" * (MAX_PACKET + 1), 1)
    assert caller.until(lambda: caller.lost, LIMIT)
    assert max(call("k1").say([K1.topic(Channel.STATUS)])) < REFUSED
    assert not ear.lost


@pytest.mark.parametrize("topic", ["imm/v1/bima/kiosk/+/telemetry", "imm/v1/bima/#", "#", ""])
def test_a_topic_with_wildcards_ends_its_connection(call: Call, topic: str) -> None:
    caller = call("k1")
    raw = topic.encode()
    body = len(raw).to_bytes(2) + raw + b"\0\x01" + b"\0" + b"x"
    held = caller._client.socket()
    assert held
    held.send(b"\x32" + len(body).to_bytes(1) + body)
    assert caller.until(lambda: caller.lost, LIMIT)


@pytest.mark.parametrize("name", ["#", "+", "k1/+", "k1#", "K1", " k1", "k1 ", "ü", "imm.nobody", "kiosk/k1"])
def test_a_certificate_of_a_strange_name_opens_nothing(call: Call, name: str) -> None:
    """Our authority issues none; another in the same file of authorities might."""
    caller = call(name)
    topics = [K1.topic(channel) for channel in Channel]
    assert set(caller.say(topics)) == {NOT_AUTHORIZED}
    assert set(caller.ask([*topics, "#", "imm/v1/bima/alert/+"])) == {NOT_AUTHORIZED}


def test_a_certificate_counts_and_not_the_name_that_somebody_says(
    secured: Mosquitto, authority: Authority
) -> None:
    assert secured.certificates
    tls = authority.trust(*authority.issue("k1"))
    for name in ("k2", "imm.desk", "admin"):
        with Caller(secured.certificates, name, "two", tls=tls, client_id=name) as caller:
            assert caller.say([K1.topic(Channel.STATUS), K2.topic(Channel.STATUS)])[1] == NOT_AUTHORIZED
            assert caller.say(["$CONTROL/dynamic-security/v1"]) == [NOT_AUTHORIZED]


def test_a_certificate_on_the_listener_for_passwords_lets_nobody_in(call: Call, secured: Mosquitto) -> None:
    caller = Caller(secured.passwords, tls=call("k1")._client._ssl_context)  # type: ignore[arg-type]
    assert "Not authorized" in caller.refused


def test_tls_before_1_3_is_refused(secured: Mosquitto, authority: Authority) -> None:
    old = authority.trust(*authority.issue("k1"))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    for place in (secured.certificates, secured.passwords):
        assert place
        with (
            socket.create_connection((place.host, place.port)) as bare,
            pytest.raises(ssl.SSLError, match="protocol version"),
        ):
            old.wrap_socket(bare, server_hostname=place.host)
