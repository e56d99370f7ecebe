"""A real HTTP endpoint on loopback that remembers what it was sent, and answers as it is told."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from standardwebhooks import Webhook

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def reply(status: int, text: str = "", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(text)}\r\n{lines}\r\n{text}".encode()


class Got(msgspec.Struct, frozen=True):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)  # type: ignore[no-any-return]


Behave = Callable[[Got], Awaitable[bytes]]


class Receiver:
    """`got` are all requests, `took` those that were answered with 2xx."""

    def __init__(self) -> None:
        self.port = 0
        self.scheme = "http"
        self.got: list[Got] = []
        self.took: list[Got] = []
        self.connections = 0
        self.behave: Behave = self._take
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.took]

    def answer(self, *replies: bytes) -> None:
        """Give these answers in turn, then take everything."""
        left = iter(replies)

        async def behave(_got: Got) -> bytes:
            return next(left, OK)

        self.behave = behave

    def verify(self, got: Got, secret: str) -> None:
        Webhook(secret).verify(got.body, got.headers)

    async def open(self, tls: ssl.SSLContext | None = None) -> None:
        self.scheme = "https" if tls else "http"
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Be gone: nothing listens any more."""
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()
            await self._server.wait_closed()

    async def _take(self, got: Got) -> bytes:
        return OK

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                got = await _request(reader)
                self.got.append(got)
                answer = await self.behave(got)
                if answer.startswith(b"HTTP/1.1 2"):
                    self.took.append(got)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Got:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(head[0].split()[1], headers, body)


@asynccontextmanager
async def receiving(**options: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.open(**options)
    try:
        yield receiver
    finally:
        await receiver.close()
