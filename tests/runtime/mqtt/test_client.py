"""The client against real brokers that stay alive."""

import asyncio
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from app.brokers.port import Broker
from runtime import mqtt
from runtime.mqtt.client import pause
from runtime.ports import free_port
from runtime.settings import Wrong
from tests.runtime.mqtt.parts import LIMIT, Inbox, settings, until


@pytest.fixture
def topic() -> str:
    return uuid4().hex


@pytest.mark.parametrize("protocol", [5, 4])
async def test_message_arrives_as_it_was_sent(broker: Broker, topic: str, protocol: int) -> None:
    inbox = Inbox()
    where = settings(broker, protocol)
    async with (
        mqtt.Client(where, client_id=f"a{topic}") as a,
        mqtt.Client(where, client_id=f"b{topic}") as b,
    ):
        b.subscribe(topic, inbox)
        await a.wait_connected(LIMIT)
        await b.wait_connected(LIMIT)
        assert (a.connection, a.reason) == (1, "")
        properties = [("stream", "k1/telemetry"), ("seq", "1")]
        await a.publish(
            topic, b"\0\xff", properties=properties, content_type="application/senml+cbor", expiry=60
        )
        await a.publish(topic, b"", properties={"k": "v"})
        await until(lambda: len(inbox.messages) == 2)
    first, second = inbox.messages
    assert (first.topic, first.payload, first.qos, first.retain) == (topic, b"\0\xff", 1, False)
    assert first.properties == (dict(properties) if protocol == 5 else {})
    assert first.content_type == ("application/senml+cbor" if protocol == 5 else "")
    assert second.properties == ({"k": "v"} if protocol == 5 else {})
    assert a.reason == "closed"


async def test_qos_0_arrives(broker: Broker, topic: str) -> None:
    inbox = Inbox()
    async with mqtt.Client(settings(broker), client_id=topic) as client:
        client.subscribe(topic, inbox, qos=0)
        await client.wait_connected(LIMIT)
        await client.publish(topic, b"x", qos=0)
        await until(lambda: inbox.messages)


async def test_subscription_made_while_connected_holds(broker: Broker, topic: str) -> None:
    inbox = Inbox()
    async with mqtt.Client(settings(broker), client_id=topic) as client:
        await client.wait_connected(LIMIT)
        client.subscribe(topic, inbox)
        await client.publish(topic, b"kept", retain=True)
        await until(lambda: inbox.messages)
        await client.publish(topic, b"", retain=True)


async def test_messages_leave_in_the_order_of_the_calls(broker: Broker, topic: str) -> None:
    inbox = Inbox()
    async with mqtt.Client(settings(broker, window=3), client_id=topic) as client:
        client.subscribe(topic, inbox)
        await client.wait_connected(LIMIT)
        await asyncio.gather(*(client.publish(topic, b"%d" % n, qos=n % 2) for n in range(300)))
        await until(lambda: len(inbox.messages) == 300)
    assert inbox.payloads == [b"%d" % n for n in range(300)]


async def test_large_messages_share_the_way_with_small_ones(broker: Broker, topic: str) -> None:
    inbox = Inbox()
    sizes = [1_000_000, 10, 3_000_000, 20, 70_000, 0]
    async with mqtt.Client(settings(broker), client_id=topic) as client:
        client.subscribe(topic, inbox)
        await client.wait_connected(LIMIT)
        await asyncio.gather(*(client.publish(topic, b"x" * size) for size in sizes))
        await until(lambda: len(inbox.messages) == len(sizes))
    assert [len(payload) for payload in inbox.payloads] == sizes


async def test_unacknowledged_messages_are_bounded(mosquitto: Broker, topic: str) -> None:
    inbox = Inbox(ack=False)
    done = 0
    reader = mqtt.Client(settings(mosquitto), client_id=f"r{topic}", receive_maximum=20)
    async with reader, mqtt.Client(settings(mosquitto), client_id=f"w{topic}") as writer:
        reader.subscribe(topic, inbox)
        await reader.wait_connected(LIMIT)
        await writer.wait_connected(LIMIT)
        await asyncio.gather(*(writer.publish(topic, b"%d" % n) for n in range(500)))
        while done < 500:
            await until(lambda: len(inbox.messages) > done)  # noqa: B023 - read before it changes
            assert len(inbox.messages) - done <= 20
            for message in inbox.messages[done : done + 7]:
                message.ack()
                done += 1
    assert inbox.payloads == [b"%d" % n for n in range(500)]


async def test_acknowledgements_out_of_order_are_sent_in_order(broker: Broker, topic: str) -> None:
    inbox = Inbox(ack=False)
    async with mqtt.Client(settings(broker), client_id=topic) as client:
        client.subscribe(topic, inbox)
        await client.wait_connected(LIMIT)
        for start in range(0, 300, 50):
            await asyncio.gather(*(client.publish(topic, b"%d" % n) for n in range(start, start + 50)))
            await until(lambda: len(inbox.messages) == start + 50)  # noqa: B023 - read before it changes
            for message in reversed(inbox.messages[start:]):
                message.ack()
        assert client.connection == 1


async def test_paused_client_reads_no_more_until_resumed(broker: Broker, topic: str) -> None:
    inbox = Inbox()
    where = settings(broker, keepalive=2)
    async with (
        mqtt.Client(where, client_id=f"r{topic}") as reader,
        mqtt.Client(where, client_id=f"w{topic}") as writer,
    ):
        reader.subscribe(topic, inbox)
        await reader.wait_connected(LIMIT)
        await writer.wait_connected(LIMIT)
        reader.pause()
        await writer.publish(topic, b"x")
        await asyncio.sleep(3.5)  # longer than a broker waits for a sign of life at this keepalive
        assert inbox.messages == []
        reader.resume()
        await until(lambda: inbox.messages)
        assert reader.connection == 1


async def test_publish_without_connection_is_lost_at_once() -> None:
    where = mqtt.Settings(port=free_port(), longest_pause=0.1)
    async with mqtt.Client(where, client_id="nobody") as client:
        await until(lambda: client.reason != "not started")  # it tried
        with pytest.raises(mqtt.Lost, match=r"Connect|refused"):
            await client.wait_connected(0.3)
        with pytest.raises(mqtt.Lost):
            await client.publish("t", b"x")


async def test_packet_larger_than_the_broker_takes_is_denied(mosquitto: Broker, topic: str) -> None:
    async with mqtt.Client(settings(mosquitto), client_id=topic) as client:
        await client.wait_connected(LIMIT)
        with pytest.raises(mqtt.Denied) as caught:
            await client.publish(topic, b"x" * 5_000_000)
        assert (caught.value.topic, caught.value.code) == (topic, 0x95)
        await client.publish(topic, b"x")
        assert client.connection == 1


async def test_handler_that_fails_ends_the_context_with_its_error(broker: Broker, topic: str) -> None:
    def fail(message: mqtt.Message) -> None:
        raise LookupError(message.topic)

    with pytest.raises(LookupError, match=topic):
        async with mqtt.Client(settings(broker), client_id=topic) as client:
            client.subscribe(topic, fail)
            await client.wait_connected(LIMIT)
            with suppress(mqtt.Lost):
                await client.publish(topic, b"x")
            await asyncio.sleep(LIMIT)
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0  # the error replaces the cancellation that brought it


async def test_error_of_the_body_leaves_as_it_is(broker: Broker, topic: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with mqtt.Client(settings(broker), client_id=topic) as client:
            await client.wait_connected(LIMIT)
            raise ZeroDivisionError


async def test_missing_password_file_is_told_at_once(broker: Broker, tmp_path: Path) -> None:
    where = settings(broker, username="u", password_file=tmp_path / "none")
    with pytest.raises(Wrong, match=r"mqtt\.password_file"):
        async with mqtt.Client(where, client_id="x"):
            pass


async def test_cancelled_publish_gives_its_place_back(broker: Broker, topic: str) -> None:
    inbox = Inbox()
    async with mqtt.Client(settings(broker, window=1), client_id=topic) as client:
        client.subscribe(topic, inbox)
        await client.wait_connected(LIMIT)
        first, second, third = (asyncio.create_task(client.publish(topic, b"%d" % n)) for n in range(3))
        await asyncio.sleep(0)
        first.cancel()
        second.cancel()
        await third
        await until(lambda: b"2" in inbox.payloads)
        assert b"1" not in inbox.payloads


@pytest.mark.parametrize(
    "wrong",
    [{"protocol": 3}, {"keepalive": 0}, {"window": 0}, {"cert_file": Path("c")}, {"key_file": Path("k")}],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}|cert_file"):
        mqtt.Settings(**wrong)  # type: ignore[arg-type]


def test_pauses_double_up_to_the_longest_with_jitter() -> None:
    assert [pause(n, 5.0, 1.0) for n in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pause(10_000, 5.0, 0.5) == 2.5
    assert pause(3, 5.0, 0.0) == 0.0


def test_message_is_acknowledged_once() -> None:
    message = mqtt.Message("t", b"")
    calls: list[int] = []
    message.on_ack(lambda: calls.append(1))
    message.ack()
    message.ack()
    assert message.acked
    assert calls == [1]
