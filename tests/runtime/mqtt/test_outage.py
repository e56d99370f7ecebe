"""The client while its broker is stopped, killed, restarted, silent, or talks nonsense."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from app.brokers.port import Broker
from runtime import mqtt
from runtime.ports import free_port
from tests.fixtures.brokers import Start
from tests.runtime.mqtt.parts import LIMIT, Inbox, settings, until

pytestmark = pytest.mark.system

CONNACK = {5: b"\x20\x03\0\0\0", 4: b"\x20\x02\0\0"}


def freeze(broker: Broker) -> None:
    assert broker.pid
    os.kill(broker.pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{broker.pid}/task")
    for _ in range(6_000):  # on a busy machine its other threads may run on for a moment
        if all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir()):
            return
        time.sleep(0.01)
    pytest.fail("the broker does not stop")


def drop(client: mqtt.Client) -> None:
    assert client._current
    client._current.close("the test broke it")


@pytest.mark.parametrize("protocol", [5, 4])
async def test_killed_broker_loses_what_waits_and_everything_comes_back(
    own_broker: Broker, protocol: int
) -> None:
    inbox = Inbox()
    connections: list[int] = []
    async with mqtt.Client(settings(own_broker, protocol, window=3), client_id="c") as client:
        client.subscribe("t", inbox)
        client.on_connect(lambda: connections.append(client.connection))
        await client.wait_connected(LIMIT)
        freeze(own_broker)
        waiting = [asyncio.create_task(client.publish("t", b"%d" % n)) for n in range(6)]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in waiting)
        own_broker.kill()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [mqtt.Lost] * 6
        await until(lambda: not client.connected.is_set())
        with pytest.raises(mqtt.Lost):
            await client.publish("t", b"during")
        await asyncio.to_thread(own_broker.start)
        await client.wait_connected(LIMIT)
        assert client.connection == 2
        assert connections == [1, 2]
        await client.publish("t", b"after")
        await until(lambda: inbox.messages)
    assert inbox.payloads == [b"after"]


async def test_unacknowledged_message_comes_again_and_an_old_acknowledgement_counts_for_nothing(
    mosquitto: Broker,
) -> None:
    inbox = Inbox(ack=False)
    where = settings(mosquitto)
    client = mqtt.Client(where, client_id="again", session_expiry=60)
    async with client, mqtt.Client(where, client_id="again-writer") as writer:
        client.subscribe("again/t", inbox)
        await client.wait_connected(LIMIT)
        await writer.wait_connected(LIMIT)
        await writer.publish("again/t", b"1")
        await until(lambda: len(inbox.messages) == 1)
        for number in (2, 3):
            drop(client)
            await until(lambda: len(inbox.messages) == client.connection == number)  # noqa: B023 - read at once
            assert client.session_present
            assert inbox.messages[-1].dup
            inbox.messages[-2].ack()  # of the connection before: must not settle the new delivery
            await writer.publish("again/other", b"")
        inbox.messages[-1].ack()
        await client.publish("again/other", b"")  # leaves behind the acknowledgement
        drop(client)
        await until(lambda: client.connection == 4)
        await writer.publish("again/t", b"2")
        await until(lambda: len(inbox.messages) == 4)
        inbox.messages[-1].ack()
    assert inbox.payloads == [b"1", b"1", b"1", b"2"]
    async with mqtt.Client(where, client_id="again") as last:  # forgets the session
        await last.wait_connected(LIMIT)


async def test_session_outlives_a_killed_mosquitto(start_broker: Start, tmp_path: Path) -> None:
    broker = start_broker("mosquitto")
    inbox = Inbox(ack=False)
    client = mqtt.Client(settings(broker), client_id="c", session_expiry=60)
    async with client:
        client.subscribe("t", inbox)
        await client.wait_connected(LIMIT)
        await client.publish("t", b"a message to keep")
        await until(lambda: inbox.messages)
        file = tmp_path / "mosquitto-0" / "mosquitto.db"
        await until(lambda: file.exists() and b"a message to keep" in file.read_bytes())
        broker.kill()
        await asyncio.to_thread(broker.start)
        await until(lambda: len(inbox.messages) == 2 and client.connection == 2)
        assert client.session_present


@pytest.mark.parametrize("name", ["mosquitto", "iotcore"])
async def test_will_speaks_for_the_dead_alone(running: Start, name: str) -> None:
    inbox = Inbox()
    where = settings(running(name))
    will = mqtt.Will(topic="will/t", payload=b"offline")
    async with mqtt.Client(where, client_id="will-reader") as reader:
        reader.subscribe("will/t", inbox)
        await reader.wait_connected(LIMIT)
        async with mqtt.Client(where, client_id="will-1", will=will) as polite:
            await polite.wait_connected(LIMIT)
        async with mqtt.Client(where, client_id="will-2", will=will) as sudden:
            await sudden.wait_connected(LIMIT)
            drop(sudden)
            await until(lambda: inbox.messages)
        assert inbox.payloads == [b"offline"]
        await reader.publish("will/t", b"", retain=True)


async def test_each_attempt_has_a_will_of_its_own() -> None:
    made: list[int] = []

    def will(attempt: int) -> mqtt.Will:
        made.append(attempt)
        return mqtt.Will(topic="will/t", payload=str(attempt).encode())

    nobody = mqtt.Settings(port=free_port(), longest_pause=0.01)
    async with mqtt.Client(nobody, client_id="c", will=will) as client:
        await until(lambda: len(made) >= 3)
        assert made == list(range(1, len(made) + 1))
        assert (client.attempt, client.connection) == (len(made), 0)


async def test_frozen_broker_is_noticed_by_its_silence(start_broker: Start) -> None:
    broker = start_broker("mosquitto")
    async with mqtt.Client(settings(broker, keepalive=1), client_id="c") as client:
        await client.wait_connected(LIMIT)
        freeze(broker)
        await until(lambda: not client.connected.is_set())
        assert "no sign of life" in client.reason
    broker.kill()


@asynccontextmanager
async def fake_broker(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    sessions: set[asyncio.Task[None]] = set()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        sessions.add(task)
        try:
            with suppress(ConnectionError):
                await reader.read(1_000)
                await talk(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    if sessions:
        await asyncio.wait(sessions, timeout=LIMIT)  # a loop that closes first leaves their sockets open


async def test_broker_that_never_answers_a_publish_is_given_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CONNACK[5])
        while await reader.read(1_000):
            writer.write(b"\xd0\0")

    async with fake_broker(talk) as port:
        where = mqtt.Settings(port=port, patience=0.5, longest_pause=0.1)
        async with mqtt.Client(where, client_id="c") as client:
            await client.wait_connected(LIMIT)
            with pytest.raises(mqtt.Lost, match="no PUBACK"):
                await client.publish("t", b"x")


async def test_broker_that_never_accepts_is_given_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)

    async with fake_broker(talk) as port:
        where = mqtt.Settings(port=port, patience=0.2, longest_pause=0.1)
        async with mqtt.Client(where, client_id="c") as client:
            await until(lambda: client.reason == "no answer within 0.2 s")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x32\x02\xff\xff",  # PUBLISH that ends early
        b"\x30\xff\xff\xff\xff\x01",  # length of five bytes
        b"\x40\x01\0",  # PUBACK without an identifier
        b"\xf0\0",  # a packet type that no server sends
        b"\x00\0",
        b"\xd0\x01\0",  # PINGRESP with a body
        b"\x20\x03\0\x87\0",  # CONNACK in the middle
        b"\xe0\x01\x8e",  # DISCONNECT: session taken over
        b"",
    ],
)
async def test_nonsense_ends_the_connection_not_the_client(nonsense: bytes) -> None:
    sessions = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sessions
        sessions += 1
        writer.write(CONNACK[5])
        if sessions == 1:
            await asyncio.sleep(0.05)
            writer.write(nonsense)
            await writer.drain()
        if sessions > 1:
            while await reader.read(1_000):
                writer.write(b"\xd0\0")  # PINGRESP: this one stays
        elif nonsense:
            await reader.read(1_000)

    async with fake_broker(talk) as port:
        where = mqtt.Settings(port=port, longest_pause=0.05, keepalive=1)
        async with mqtt.Client(where, client_id="c") as client:
            await until(lambda: client.connection == 2)
            assert client.connected.is_set()


@pytest.mark.parametrize("protocol, refusal", [(5, b"\x20\x03\0\x87\0"), (4, b"\x20\x02\0\x05")])
async def test_refused_connection_says_why(protocol: int, refusal: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(refusal)
        await reader.read(1_000)

    async with fake_broker(talk) as port:
        where = mqtt.Settings(port=port, protocol=protocol, longest_pause=0.1)
        async with mqtt.Client(where, client_id="c") as client:
            await until(lambda: "Not authorized" in client.reason)


async def test_refused_subscription_ends_the_connection_with_its_reason() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CONNACK[5])
        request = await reader.read(1_000)
        writer.write(b"\x90\x04" + request[2:4] + b"\0\x87")
        await reader.read(1_000)

    async with fake_broker(talk) as port:
        where = mqtt.Settings(port=port, longest_pause=0.1)
        async with mqtt.Client(where, client_id="c") as client:
            client.subscribe("secret", Inbox())
            await until(lambda: "secret: Not authorized" in client.reason)
            assert not client.connected.is_set()
