"""What we ask of a broker, one function a question: it returns, or fails by an AssertionError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from app.brokers.port import Broker, Endpoint, endpoint
from contracts.frames import LARGEST
from contracts.topics import shared
from tests.app.brokers.probe import Probe


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
            late.until(lambda: late.messages)
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
    gone = f"{case.topic}-gone"
    with case.probe() as writer, case.probe() as second:
        writer.subscribe(gone)
        with case.probe(will=(gone, b"x")) as first:
            first.subscribe(group)
            second.subscribe(group)
            for number in range(40):
                writer.publish(f"{case.topic}/{number}", b"%d" % number)
            first.until(lambda: len(first.messages) + second.look() >= 40)
            first.quiet()
            second.quiet()
            got = first.take(len(first.messages)), second.take(len(second.messages))
            assert all(got), "one got nothing"
            assert sorted(int(p) for part in got for p in part) == list(range(40))
        assert writer.take(1) == [
            b"x"
        ]  # the broker saw that one is gone; what it gave that one before is lost
        writer.publish(gone, b"", retain=True)
        second.quiet()
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
