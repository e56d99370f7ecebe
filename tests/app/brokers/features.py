"""What a broker may lack if it says so, one function a feature: it returns, or fails by an AssertionError."""

from __future__ import annotations

import socket
from collections.abc import Callable

from app.brokers.port import Feature
from contracts.topics import shared
from tests.app.brokers.checks import Case, Check
from tests.app.brokers.probe import LIMIT, QUIET, Probe


def session_expiry(case: Case) -> None:
    with case.probe("s", expiry=1) as first:
        first.subscribe(case.topic)
    with case.probe() as other:
        other.quiet(2.5)
    with case.probe("s", expiry=1) as second:
        assert not second.session_present


def no_local(case: Case) -> None:
    with case.probe() as client:
        client.subscribe(case.topic, no_local=True)
        client.publish(case.topic, b"x")
        client.quiet()
        assert client.messages == []


def retain_handling(case: Case) -> None:
    with case.probe() as client:
        client.publish(case.topic, b"x", retain=True)
        client.subscribe(case.topic, retain_handling=2)
        client.quiet()
        client.publish(case.topic, b"", retain=True)
        assert [message.payload for message in client.messages if message.retain] == []


def published_qos(case: Case) -> None:
    with case.probe() as client:
        client.subscribe(case.topic, 1)
        client.publish(case.topic, b"x", 0)
        client.until(lambda: client.messages)
        assert client.messages[0].qos == 0


def dup(case: Case) -> None:
    with case.probe("s", expiry=60) as first:
        first.subscribe(case.topic)
        first.publish(case.topic, b"x")
        first.until(lambda: first.messages)
    with case.probe("s", expiry=60) as second:
        second.until(lambda: second.messages)
        assert second.messages[0].dup


def group(case: Case) -> None:
    """Whether a member that comes again gets what every filter of its share name brings."""
    filters = [shared("one", f"{case.topic}/{name}") for name in ("a", "b")]
    with case.probe("s") as first:
        for topic_filter in filters:
            first.subscribe(topic_filter)
    with case.probe("s") as again, case.probe() as writer:
        for topic_filter in filters:
            again.subscribe(topic_filter)
        writer.publish(f"{case.topic}/a", b"a")
        writer.publish(f"{case.topic}/b", b"b")
        assert sorted(again.take(2)) == [b"a", b"b"]


def restart(case: Case) -> None:
    _survives(case, case.broker.stop)


def kill(case: Case) -> None:
    def cut() -> None:
        with case.probe() as other:
            other.quiet(2.5)  # state is written each second
        case.broker.kill()

    _survives(case, cut)


def _survives(case: Case, cut: Callable[[], None]) -> None:
    kept = f"{case.topic}/retained"
    with case.probe("s", expiry=60) as client:
        client.subscribe(case.topic)
        client.publish(kept, case.topic.encode(), retain=True)
    with case.probe() as writer:
        writer.publish(case.topic, b"queued")
    cut()
    case.broker.start()
    with case.probe("s", expiry=60) as client:
        assert client.session_present
        assert client.take(1) == [b"queued"]
        client.subscribe(kept)
        assert client.take(1) == [case.topic.encode()]


def reason(case: Case) -> None:
    """A version that nobody speaks is answered by a CONNACK."""
    place = case.at()
    with socket.create_connection((place.host, place.port), timeout=LIMIT) as raw:
        raw.sendall(b"\x10\x0e\0\4MQTT\x09\2\0\x3c\0\0\1x")
        try:
            answer = raw.recv(100)
        except ConnectionError:
            answer = b""
    assert answer[:1] == b"\x20"


def limit_told(case: Case) -> None:
    with case.probe() as client:
        assert hasattr(client.connack, "MaximumPacketSize")


def one_port(case: Case) -> None:
    with Probe(case.at(5), f"{case.topic}-old", protocol=4):
        pass


def overlap(case: Case) -> None:
    with case.probe(protocol=4) as client:
        client.subscribe(f"{case.topic}/+")
        client.subscribe(f"{case.topic}/#")
        client.publish(f"{case.topic}/x", b"x")
        client.quiet()
        assert len(client.messages) == 1


def receive_maximum(case: Case) -> None:
    with case.probe(receive_maximum=10) as reader, case.probe() as writer:
        reader.subscribe(case.topic)
        for number in range(60):
            writer.publish(case.topic, b"%d" % number)
        reader.quiet()
        for acked in range(5):
            assert len(reader.messages) - acked <= 10
            reader.ack(reader.messages[acked])
            reader.quiet(QUIET / 4)


def window(case: Case) -> None:
    with case.probe(receive_maximum=500) as reader, case.probe() as writer:
        reader.subscribe(case.topic)
        for number in range(300):
            writer.publish(case.topic, b"%d" % number)
        reader.until(lambda: len(reader.messages) >= 300)
        reader.quiet()
        assert len(reader.messages) == 300


def any_client_id(case: Case) -> None:
    with Probe(case.at(), f"{case.topic}/+ü"):
        pass


BY_FEATURE: dict[Feature, Check] = {
    Feature.SESSION_EXPIRY: session_expiry,
    Feature.NO_LOCAL: no_local,
    Feature.RETAIN_HANDLING: retain_handling,
    Feature.PUBLISHED_QOS: published_qos,
    Feature.DUP: dup,
    Feature.RESTART: restart,
    Feature.KILL: kill,
    Feature.REASON: reason,
    Feature.LIMIT_TOLD: limit_told,
    Feature.ONE_PORT: one_port,
    Feature.OVERLAP: overlap,
    Feature.RECEIVE_MAXIMUM: receive_maximum,
    Feature.WINDOW: window,
    Feature.CLIENT_ID: any_client_id,
    Feature.GROUP: group,
}
