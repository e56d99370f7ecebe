"""Receivers of webhooks in a process of their own: `python -m benchmarks.city_receivers COUNT SLOW`.

The first COUNT answer at once, one more after SLOW seconds, one more never. Ports go to stdout as one line of
JSON; when stdin ends, so does the process, and says when each event arrived at the quick ones.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from typing import Final

import msgspec

from contracts import instants

_OK: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


class Report(msgspec.Struct):
    """What arrived."""

    late_ms: list[float]  # of each delivery at a quick receiver, from the event's time
    slow: int  # deliveries that the slow one took
    last: float  # monotonic seconds of the last delivery at a quick one


class _Time(msgspec.Struct):
    time: str


class _Receiver(asyncio.Protocol):
    """HTTP as far as the benchmark speaks it: a head, a length, a body."""

    def __init__(self, delay: float | None, report: Report) -> None:
        self._delay = delay
        self._report = report
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio hands to a TCP protocol
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(self._data) < end + 4 + length:
                return
            body = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            self._took(body)

    def _took(self, body: bytes) -> None:
        if self._transport is None:
            return
        if self._delay is None:
            sent = instants.from_rfc3339(msgspec.json.decode(body, type=_Time).time)
            self._report.late_ms.append((time.time_ns() // 1_000 - sent) / 1_000)
            self._report.last = time.monotonic()
            self._transport.write(_OK)
        else:
            self._report.slow += 1
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, _OK)


async def _serve(count: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    report = Report(late_ms=[], slow=0, last=0.0)
    servers = [
        await loop.create_server(lambda: _Receiver(None, report), "127.0.0.1", 0) for _ in range(count)
    ]
    servers.append(await loop.create_server(lambda: _Receiver(delay, report), "127.0.0.1", 0))
    dead = socket.create_server(("127.0.0.1", 0), backlog=64)  # takes connections and says nothing
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    print(msgspec.json.encode([*ports, dead.getsockname()[1]]).decode(), flush=True)  # noqa: T201 - the answer
    await loop.run_in_executor(None, sys.stdin.read)
    print(msgspec.json.encode(report).decode(), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
