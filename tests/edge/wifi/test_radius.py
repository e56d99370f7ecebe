"""The accounting listener, spoken to by FreeRADIUS' own client, by impostors and by noise."""

import asyncio
import logging
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts import measurements
from edge.recorder import Reading
from edge.wifi.accounting import listener
from edge.wifi.accounting.listener import Radius
from edge.wifi.build import watching
from edge.wifi.settings import Client, Settings
from edge.wifi.settings import Radius as Chosen
from edge.wifi.together import Together
from runtime.clock import Fake
from tests.fixtures.radius import SECRET, signed

MAC = "02-00-00-00-00-A1"


class Node:
    """A running agent's sources, with one client on loopback."""

    def __init__(self, sources: Together, clock: Fake, home: Path) -> None:
        self.sources, self.clock, self.home = sources, clock, home
        (self.radius,) = [part.source for part in sources._parts if isinstance(part.source, Radius)]
        assert self.radius._transport
        self.port = int(self.radius._transport.get_extra_info("sockname")[1])

    async def told(self) -> dict[str, Any]:
        """The figures of the client `hub`; what is nought is left out."""
        found = by_name(await self.sources.read())
        return {metric: value for (metric, where), value in found.items() if where == "hub" and value}

    async def client(self, text: str, *, secret: str = SECRET, expect: str = "Received") -> str:
        """Have radclient send what `text` says, one request a paragraph; what it said in turn."""
        program = shutil.which("radclient")
        if program is None:
            raise RuntimeError("radclient is not installed: run tests/servers")
        command = [program, "-x", "-t", "1", "-r", "1", f"127.0.0.1:{self.port}", "acct", secret]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(text.encode()), 30)
        said = out.decode(errors="replace")
        assert expect in said, said
        return said


def by_name(readings: list[Reading]) -> dict[tuple[str, str], Any]:
    for reading in readings:
        assert measurements.find(reading.metric), reading
    return {(reading.metric, reading.instance): reading.value for reading in readings}


def request(status: str, session: str = "5F-01", **more: object) -> str:
    lines: dict[str, object] = {
        "Acct-Status-Type": status,
        "Acct-Session-Id": f'"{session}"',
        "NAS-Identifier": '"ap-7"',
        "Calling-Station-Id": f'"{MAC}"',
        "User-Name": '"budi.santoso@example.org"',
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    (tmp_path / "secret").write_text(SECRET)
    client = Client(name="hub", network="127.0.0.0/8", secret_file=tmp_path / "secret")
    chosen = Settings(
        interfaces=("lo",), names=(), targets=(), gateway=False, radius=Chosen(clients=(client,), port=0)
    )
    clock = Fake()
    async with watching(chosen, clock, tmp_path / "home") as sources:
        yield Node(sources, clock, tmp_path / "home")


START = {40: b"\0\0\0\1", 44: b"s1", 32: b"ap-7"}


async def ask(node: Node, *datagrams: bytes, replies: int) -> list[bytes]:
    """Send from one socket; the replies that came within a limit."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setblocking(False)
        wire.connect(("127.0.0.1", node.port))
        for datagram in datagrams:
            await loop.sock_sendall(wire, datagram)
        return [await asyncio.wait_for(loop.sock_recv(wire, 4_096), 5) for _ in range(replies)]


@pytest.mark.system
async def test_a_session_by_a_real_client(node: Node) -> None:
    said = await node.client(request("Start"))
    assert "Accounting-Response" in said
    node.clock.advance(300)
    await node.client(
        request("Interim-Update", Acct_Input_Octets=1_000, Acct_Output_Octets=5, Acct_Output_Gigawords=2)
    )
    found = await node.told()
    assert (found["wifi.sessions"], found["wifi.sessions.open"], found["wifi.joins"]) == (1, 1, 1)
    assert (found["wifi.sessions.received"], found["wifi.sessions.sent"]) == (1_000, 2 * 2**32 + 5)
    assert set(node.sources.associated()) == {bytes.fromhex(MAC.replace("-", ""))}
    assert set(node.sources.users()) == {b"budi.santoso@example.org"}
    node.clock.advance(1_801)
    assert (await node.told())["wifi.sessions.stale"] == 1
    assert not set(node.sources.associated())
    await node.client(request("Stop", Acct_Input_Octets=2_000, Acct_Terminate_Cause=1))
    node.clock.advance(31)
    found = await node.told()
    assert found["wifi.sessions.ended"] == 1
    assert not found.keys() & {"wifi.sessions.open", "wifi.sessions.stale", "wifi.failures"}
    assert found["radius.requests"] == 3


@pytest.mark.system
async def test_a_restart_of_the_access_point_by_a_real_client(node: Node) -> None:
    await node.client("\n".join(request("Start", session) for session in ("1", "2", "3")))
    assert (await node.told())["wifi.sessions.open"] == 3
    node.clock.advance(60)
    await node.client(request("Accounting-On", ""))
    node.clock.advance(31)
    found = await node.told()
    assert found["wifi.sessions.ended"] == found["wifi.sessions"] == 1, "one device: one visit"
    assert "wifi.sessions.open" not in found


@pytest.mark.system
async def test_a_wrong_secret_gets_no_answer_and_is_told_of_without_names(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    await node.client(request("Start"), secret="lain", expect="No reply")
    found = await node.told()
    assert found.keys() == {"radius.refused"}
    assert "from 127.0.0.1 was refused: not signed with the secret" in caplog.text
    assert caplog.text.count("refused") == 1, "told of once"


@pytest.mark.system
async def test_no_name_and_no_address_leaves(
    node: Node, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    await node.client(request("Start", f"{MAC}-0001"))
    readings = await node.sources.read()
    kept = b"".join(path.read_bytes() for path in node.home.iterdir())
    everything = (repr(readings) + caplog.text + repr(node.radius._sessions._all)).encode() + kept
    for secret in (
        b"budi",
        MAC.encode(),
        MAC.replace("-", "").lower().encode(),
        bytes.fromhex("0200000000A1"),
    ):
        assert secret.lower() not in everything.lower()


async def test_a_request_sent_again_gets_the_same_reply_and_counts_once(node: Node) -> None:
    first = signed(START)
    one, two = await ask(node, first, first, replies=2)
    assert one == two
    found = await node.told()
    assert (found["wifi.sessions"], found["radius.requests"], found["radius.repeated"]) == (1, 1, 1)


async def test_a_proxy_gets_its_mark_back_and_a_watcher_an_answer(node: Node) -> None:
    (reply,) = await ask(node, signed(START, {33: b"from-proxy"}), replies=1)
    assert b"from-proxy" in reply
    from pyrad.packet import AcctPacket, StatusServer

    status = AcctPacket(code=StatusServer, id=9, secret=SECRET.encode(), authenticator=b"r" * 16)
    status.add_message_authenticator()
    (reply,) = await ask(node, bytes(status.RequestPacket()), replies=1)
    assert reply[:2] == b"\x05\x09"
    assert (await node.told())["radius.requests"] == 1


async def test_nothing_is_answered_that_is_not_on_the_disk(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = node.radius._book
    writes = []

    def fail(staged: object) -> bool:
        writes.append(staged)
        book._waiting = {**staged, **book._waiting}  # type: ignore[dict-item]
        return False

    with monkeypatch.context() as patched:
        patched.setattr(book, "_write", fail)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await ask(node, signed(START), replies=1)
    assert writes
    await ask(node, signed(START), replies=1)
    with sqlite3.connect(node.home / "wifi.db") as db:
        assert db.execute("select count(*) from book where shelf = 'session'").fetchone() == (1,)
    db.close()
    assert (await node.told())["wifi.sessions"] == 1


async def test_strangers_are_refused(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(node.radius, "_clients", [])
    node.radius.datagram_received(signed(START), ("192.0.2.1", 5))
    await _until(lambda: "192.0.2.1 was refused: it is none of wifi.radius.clients" in caplog.text)
    found = by_name(await node.sources.read())
    assert found["radius.refused", "unknown"] == 1


async def test_a_flood_is_dropped_and_the_listener_lives(node: Node) -> None:
    for number in range(3_000):
        node.radius.datagram_received(signed(START)[:-1] + b"!", ("127.0.0.1", number))
    await _until(node.radius._queue.empty)
    assert await ask(node, signed(START), replies=1)
    refused = (await node.told())["radius.refused"]
    assert refused == listener._QUEUE


async def test_an_idle_users_word_may_look_like_one_before(node: Node) -> None:
    idle = signed({40: b"\0\0\0\3", 44: b"s1"})
    for _ in range(4):
        await ask(node, idle, replies=1)
        node.clock.advance(900)
    found = await node.told()
    assert (found["wifi.sessions.open"], found["radius.requests"]) == (1, 4)


async def _until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)
