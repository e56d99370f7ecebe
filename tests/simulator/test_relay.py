"""A relay does to a line what it is told, and nothing else; tried with a server that echoes."""

import asyncio
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from simulator.relay.commands import Ask, Command, Direction, Drop, Reset, Way, tell
from simulator.relay.relay import Relay

HERE = "127.0.0.1"
LIMIT = 10.0  # seconds in which an effect must appear
QUIET = 0.15  # seconds in which none may
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """Says what it heard; keeps it, and how each connection ended."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.open = 0
        self.ends: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while data := await reader.read(65_536):
                self.heard += data
                writer.write(data)
                await writer.drain()
            self.ends.append("end")
        except ConnectionResetError:
            self.ends.append("reset")
        finally:
            self.open -= 1
            writer.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.005)


async def within(answer: Awaitable[bytes]) -> bytes:
    return await asyncio.wait_for(answer, LIMIT)


@asynccontextmanager
async def between() -> AsyncIterator[tuple[Relay, Echo]]:
    echo = Echo()
    server = await asyncio.start_server(echo, HERE, 0)
    async with Relay((HERE, 0), (HERE, server.sockets[0].getsockname()[1])) as relay:
        yield relay, echo
    server.close()


@asynccontextmanager
async def line(relay: Relay) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(HERE, relay.done.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def said(streams: Streams, text: bytes) -> float:
    """Seconds until it came back."""
    begin = time.monotonic()
    streams[1].write(text)
    assert await within(streams[0].readexactly(len(text))) == text
    return time.monotonic() - begin


async def silent(streams: Streams) -> bool:
    """Whether nothing comes, and nothing ends."""
    try:
        await asyncio.wait_for(streams[0].read(1), QUIET)
    except TimeoutError:
        return True
    return False


async def test_passes_everything_in_order_and_the_end_too() -> None:
    much = random.Random(1).randbytes(3_000_000)
    async with between() as (relay, echo), line(relay) as (reader, writer):
        sending = asyncio.create_task(_all(writer, much))
        assert await within(reader.read(-1)) == much
        await sending
        await until(lambda: not relay.done.lines)
        assert echo.ends == ["end"]
        assert relay.done.up == relay.done.down == len(much)


async def _all(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
    writer.write_eof()


async def test_delay_and_jitter_keep_the_order() -> None:
    async with between() as (relay, _), line(relay) as streams:
        await relay.obey(Way(delay=50, jitter=30))
        assert await said(streams, b"a") >= 0.1, "in each direction"
        text = bytes(range(100))
        for number in text:
            streams[1].write(bytes([number]))
            await streams[1].drain()
            await asyncio.sleep(0)
        assert await within(streams[0].readexactly(len(text))) == text


async def test_what_is_sent_again_holds_up_what_is_behind_it() -> None:
    async with between() as (relay, _), line(relay) as streams:
        await relay.obey(Way(loss=1, again=60))
        assert await said(streams, b"lost once each way") >= 0.12
        await relay.obey(Way(loss=0, again=60))
        assert await said(streams, b"not lost") < 0.12 + LIMIT


async def test_a_narrow_line_takes_its_time() -> None:
    async with between() as (relay, _), line(relay) as streams:
        await relay.obey(Way(rate=100_000))
        assert await said(streams, bytes(20_000)) >= 0.2


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_one_direction_stalls_and_nobody_is_told(direction: Direction) -> None:
    async with between() as (relay, echo), line(relay) as streams:
        await said(streams, b"before")
        await relay.obey(Way(stall=direction))
        streams[1].write(b"held")
        assert await silent(streams)
        assert echo.heard.endswith(b"held") == (direction == "down")
        assert echo.open == 1
        await relay.obey(Way())
        assert await within(streams[0].readexactly(4)) == b"held"


async def test_a_stalled_line_takes_connections_and_tells_the_far_side_no_end() -> None:
    async with between() as (relay, echo):
        await relay.obey(Way(stall="both"))
        async with line(relay) as streams:
            streams[1].write(b"lost in between")
            assert await silent(streams)
        await until(lambda: echo.open == 1)
        assert not echo.ends
        await relay.obey(Way())
        await until(lambda: echo.ends)


async def test_what_waits_is_bounded() -> None:
    async with between() as (relay, echo), line(relay) as (_, writer):
        await relay.obey(Way(stall="both"))
        writer.transport.set_write_buffer_limits(0)
        with pytest.raises(TimeoutError):
            for _ in range(100):
                writer.write(bytes(1_000_000))
                await asyncio.wait_for(writer.drain(), 0.5)
        assert not echo.heard


async def test_resets_both_ends() -> None:
    async with between() as (relay, echo), line(relay) as streams:
        await said(streams, b"before")
        await relay.obey(Reset())
        with pytest.raises(ConnectionResetError):
            await within(streams[0].read(1))
        await until(lambda: echo.ends == ["reset"])
        assert relay.done.resets == 1
        async with line(relay) as again:
            await said(again, b"after")


async def test_resets_in_the_middle_of_a_message() -> None:
    async with between() as (relay, echo), line(relay) as streams:
        await relay.obey(Reset(after=1_000))
        await said(streams, bytes(400))
        streams[1].write(bytes(4_000))
        with pytest.raises(ConnectionResetError):
            while await within(streams[0].read(4_000)):
                pass
        await until(lambda: echo.ends)
        assert len(echo.heard) <= relay.done.up == 1_000
        async with line(relay) as again:
            await said(again, bytes(4_000))


async def test_refuses_whoever_comes_and_leaves_who_is_there() -> None:
    async with between() as (relay, _), line(relay) as streams:
        await said(streams, b"before")
        await relay.obey(Way(refuse=True))
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HERE, relay.done.port)
        await said(streams, b"still")
        await relay.obey(Way())
        async with line(relay) as again:
            await said(again, b"again")


async def test_the_far_side_is_gone_and_the_near_one_is_not_told() -> None:
    async with between() as (relay, echo), line(relay) as streams:
        await said(streams, b"before")
        await relay.obey(Drop(side="far"))
        await until(lambda: echo.ends == ["reset"])
        streams[1].write(b"into the void")
        assert await silent(streams)
        assert echo.heard == b"before"
        async with line(relay) as again:
            await said(again, b"another is served")
        streams[1].transport.abort()
        await until(lambda: not relay.done.lines)


async def test_the_near_side_is_gone_and_the_far_one_is_not_told() -> None:
    async with between() as (relay, echo), line(relay) as streams:
        await said(streams, b"before")
        await relay.obey(Drop(side="near"))
        with pytest.raises(ConnectionResetError):
            await within(streams[0].read(1))
        async with line(relay) as again:
            await said(again, b"another is served")
            assert echo.open == 2
            assert "reset" not in echo.ends


async def test_nobody_there_is_a_reset() -> None:
    with socket.socket() as free:
        free.bind((HERE, 0))
        async with Relay((HERE, 0), (HERE, free.getsockname()[1])) as relay, line(relay) as (reader, _):
            with pytest.raises(ConnectionResetError):
                await within(reader.read(1))


@pytest.mark.parametrize("field", ["delay", "jitter", "again", "rate", "loss"])
def test_says_what_makes_no_way(field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert({"do": "way", field: -1}, Way)


async def test_a_process_is_told_over_its_socket(tmp_path: Path) -> None:
    control = tmp_path / "relay.control"
    echo = Echo()
    server = await asyncio.start_server(echo, HERE, 0)
    to = f"{HERE}:{server.sockets[0].getsockname()[1]}"
    command = [sys.executable, "-m", "simulator.relay", "--listen", f"{HERE}:0", "--to", to]
    process = await asyncio.create_subprocess_exec(*command, "--control", str(control))
    try:
        await until(control.exists)
        assert control.stat().st_mode & 0o077 == 0, "others may not tell it"

        async def told(command: Command) -> int:
            return (await asyncio.to_thread(tell, control, command)).port

        port = await told(Way(delay=20))
        streams = reader, writer = await asyncio.open_connection(HERE, port)
        assert await said(streams, b"through a process") >= 0.04
        ears, mouth = await asyncio.open_unix_connection(control)
        for wrong, why in ((b'{"do": "way", "loss": 2}', "loss"), (b"nonsense", "malformed"), (b"{}", "do")):
            mouth.write(wrong + b"\n")
            assert why in msgspec.json.decode(await within(ears.readline()))["error"]
        mouth.write(bytes(100_000))
        assert await within(ears.read(-1)) == b"", "no command is so long"
        mouth.close()
        assert (await asyncio.to_thread(tell, control, Ask())).error == ""
        await asyncio.to_thread(tell, control, Reset())
        with pytest.raises(ConnectionResetError):
            await within(reader.read(1))
        writer.close()
    finally:
        process.terminate()
        assert await process.wait() == 0
        server.close()
    assert not control.exists()
