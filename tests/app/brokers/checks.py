"""What we ask of a broker, one function a question: it returns, or fails by an AssertionError."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from app.brokers.port import Broker, Endpoint, Feature, endpoint
from contracts.frames import LARGEST
from contracts.topics import shared
from tests.app.brokers.probe import LIMIT, QUIET, Probe


class Case:
    """A broker to ask, and names of its own."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.topic = uuid4().hex
        self._clients = 0

    def at(self, protocol: int = 5) -> Endpoint:
        return endpoint(self.broker, protocol)

    def probe(self, name: str = "", *, protocol: int = 5, **more: object) -> Probe:
        self._clients += 1
        client = f"{self.topic}-{name or self._clients}"
        return Probe(self.at(protocol), client, protocol=protocol, **more)  # type: ignore[arg-type]


Check = Callable[[Case], None]


def qos_1_both_ways(case: Case) -> None:
    with case.probe() as client:
        client.subscribe(case.topic)
        client.publish(case.topic, b"x")
        client.until(lambda: client.messages)
        message = client.messages[0]
        assert (message.topic, message.payload, message.qos, message.retain) == (case.topic, b"x", 1, False)


def mqtt_311_speaks_with_mqtt_5(case: Case) -> None:
    with case.probe(protocol=4) as old, case.probe() as new:
        old.subscribe(f"{case.topic}/old")
        new.subscribe(f"{case.topic}/new")
        old.publish(f"{case.topic}/new", b"from 3.1.1")
        new.publish(f"{case.topic}/old", b"from 5")
        assert new.take(1) == [b"from 3.1.1"]
        assert old.take(1) == [b"from 5"]


def properties_arrive(case: Case) -> None:
    with case.probe() as client:
        client.subscribe(case.topic)
        pairs = [("stream", "k1/telemetry"), ("seq", "1"), ("seq", "2")]
        client.publish(case.topic, b"x", user=pairs, content_type="application/senml+cbor", expiry=60)
        client.until(lambda: client.messages)
        found: Any = client.messages[0].properties
        assert found.UserProperty == pairs
        assert found.ContentType == "application/senml+cbor"
        assert 0 < found.MessageExpiryInterval <= 60


def retained_is_set_overwritten_and_cleared(case: Case) -> None:
    with case.probe() as writer:
        writer.publish(case.topic, b"1", retain=True)
        writer.publish(case.topic, b"2", retain=True)
        with case.probe() as late:
            late.subscribe(case.topic)
            late.quiet()
            assert [(message.payload, message.retain) for message in late.messages] == [(b"2", True)]
        writer.publish(case.topic, b"", retain=True)
        with case.probe() as later:
            later.subscribe(case.topic)
            later.quiet()
            assert later.messages == []


def retained_keeps_properties(case: Case) -> None:
    with case.probe() as writer:
        writer.publish(case.topic, b"1", retain=True, user=[("k", "v")], content_type="t")
        with case.probe() as late:
            late.subscribe(case.topic)
            late.until(lambda: late.messages)
            found: Any = late.messages[0].properties
            assert (found.UserProperty, found.ContentType) == ([("k", "v")], "t")
        writer.publish(case.topic, b"", retain=True)


def will_is_published_and_retained(case: Case) -> None:
    with case.probe() as watcher:
        watcher.subscribe(case.topic)
        with case.probe(will=(case.topic, b"gone")):
            pass
        assert watcher.take(1) == [b"gone"]
        with case.probe() as late:
            late.subscribe(case.topic)
            assert late.take(1) == [b"gone"]
        polite = case.probe(will=(case.topic, b"never"))
        polite.goodbye()
        watcher.quiet()
        assert watcher.messages == []
        watcher.publish(case.topic, b"", retain=True)


def shared_subscription_splits_and_survives(case: Case) -> None:
    group = shared("g", f"{case.topic}/+")
    with case.probe() as writer, case.probe() as second:
        with case.probe() as first:
            first.subscribe(group)
            second.subscribe(group)
            for number in range(40):
                writer.publish(f"{case.topic}/{number}", b"%d" % number)
            first.quiet()
            second.quiet()
            got = first.take(len(first.messages)), second.take(len(second.messages))
            assert all(got), "one got nothing"
            assert sorted(int(p) for part in got for p in part) == list(range(40))
        second.quiet()  # until the broker sees that one is gone; what it gives that one before is lost
        for number in range(40):
            writer.publish(f"{case.topic}/{number}", b"%d" % number)
        assert sorted(map(int, second.take(40))) == list(range(40))


def large_payloads_pass(case: Case) -> None:
    for protocol in (5, 4):
        with case.probe(protocol=protocol) as client:
            client.subscribe(case.topic)
            for size in (1_048_576, LARGEST):
                client.publish(case.topic, bytes(size))
                assert len(client.take(1)[0]) == size


def session_keeps_what_came_meanwhile(case: Case) -> None:
    for protocol in (5, 4):
        topic = f"{case.topic}/{protocol}"
        with case.probe(f"s{protocol}", protocol=protocol, expiry=60) as away:
            away.subscribe(topic)
        with case.probe() as writer:
            for number in range(300):
                writer.publish(topic, b"%d" % number)
        with case.probe(f"s{protocol}", protocol=protocol, expiry=60) as back:
            assert back.session_present
            got: list[bytes] = []
            while len(got) < 300:
                back.until(lambda: back.messages)
                got += back.take(len(back.messages))
            assert got == [b"%d" % number for number in range(300)]


def unacknowledged_comes_again(case: Case) -> None:
    with case.probe("s", expiry=60) as first:
        first.subscribe(case.topic)
        first.publish(case.topic, b"x")
        first.until(lambda: first.messages)
    with case.probe("s", expiry=60) as second:
        assert second.take(1) == [b"x"]
    with case.probe("s", expiry=60) as third:
        third.quiet()
        assert third.messages == []


def clean_start_forgets_the_session(case: Case) -> None:
    with case.probe("s", expiry=60) as first:
        first.subscribe(case.topic)
    with case.probe("s") as second:
        assert not second.session_present
        second.publish(case.topic, b"x")
        second.quiet()
        assert second.messages == []


def slow_reader_holds_up_nobody(case: Case) -> None:
    with case.probe() as slow, case.probe() as quick, case.probe() as writer:
        slow.subscribe(case.topic)
        quick.subscribe(case.topic)
        for number in range(0, 2_000, 50):
            for offset in range(50):
                writer.publish(case.topic, b"%d" % (number + offset), qos=1)
            assert quick.take(50) == [b"%d" % (number + offset) for offset in range(50)]
        got: list[bytes] = []
        while len(got) < 2_000:
            slow.until(lambda: slow.messages)
            got += slow.take(len(slow.messages))
        assert got == [b"%d" % number for number in range(2_000)]


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
        reader.quiet()
        assert len(reader.messages) == 300


def any_client_id(case: Case) -> None:
    with Probe(case.at(), f"{case.topic}/+ü"):
        pass


ALWAYS: tuple[Check, ...] = (
    qos_1_both_ways,
    mqtt_311_speaks_with_mqtt_5,
    properties_arrive,
    retained_is_set_overwritten_and_cleared,
    retained_keeps_properties,
    will_is_published_and_retained,
    shared_subscription_splits_and_survives,
    large_payloads_pass,
    session_keeps_what_came_meanwhile,
    unacknowledged_comes_again,
    clean_start_forgets_the_session,
    slow_reader_holds_up_nobody,
)
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
}
