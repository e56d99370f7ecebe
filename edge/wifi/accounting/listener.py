"""Takes accounting requests by UDP; each is answered once what it says is on the disk."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from edge.recorder import Reading
from edge.wifi.accounting import packets
from edge.wifi.accounting.packets import Refused
from edge.wifi.accounting.sessions import Sessions
from edge.wifi.book import Book
from edge.wifi.counts import Counts
from edge.wifi.faults import place
from runtime.clock import Clock

_QUEUE: Final = 2_048  # requests that wait; what comes beyond them is sent again by who gets no answer
_AT_ONCE: Final = 256  # requests that are kept by one writing
_REMEMBERED: Final = 4_096  # replies that are given again to the same request
_AGAIN: Final = 30.0  # seconds in which it is the same; later an idle user's word may look alike
_NOTED: Final = 32  # strangers and faults that are told of, each once
_NOBODY: Final = "unknown"  # the instance of requests from who is not named
_log: Final = logging.getLogger(__name__)
Peer = tuple[str, int]


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who may send, and the secret shared with it."""

    name: str
    network: Any  # ipaddress' network
    secret: bytes


class Radius(asyncio.DatagramProtocol):
    """Source of sessions, by accounting."""

    name = "radius"

    def __init__(
        self, clients: Sequence[Client], sessions: Sessions, book: Book, counts: Counts, clock: Clock
    ) -> None:
        self._clients = sorted(clients, key=lambda one: -one.network.prefixlen)
        self._sessions = sessions
        self._book = book
        self._counts = counts
        self._clock = clock
        self._queue: asyncio.Queue[tuple[bytes, Peer]] = asyncio.Queue(_QUEUE)
        self._replies: OrderedDict[tuple[Peer, bytes], tuple[float, bytes]] = OrderedDict()
        self._noted: set[tuple[str, str]] = set()
        self._transport: asyncio.DatagramTransport | None = None
        self._worker: asyncio.Task[None] | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; return the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._worker = asyncio.create_task(self._work(), name="radius")
        return int(self._transport.get_extra_info("sockname")[1])

    async def close(self) -> None:
        """Listen no more."""
        if self._transport:
            self._transport.abort()
        if self._worker:
            self._worker.cancel()
            await asyncio.wait({self._worker})

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        if not self._queue.full():
            self._queue.put_nowait((data, addr[:2]))

    async def read(self) -> list[Reading]:
        """Sessions of each client as they stand. Raises OSError where nobody listens any more."""
        if self._worker is None or self._worker.done():
            raise OSError("the listener has stopped")
        self._sessions.sweep()
        found = [self._count("radius.refused", _NOBODY)]
        standing = self._sessions.open()
        for name in [one.name for one in self._clients]:
            current, stale = standing.get(name, (0, 0))
            found += [
                Reading(metric="wifi.sessions.open", value=float(current), instance=name),
                Reading(metric="wifi.sessions.stale", value=float(stale), instance=name),
                *(self._count(metric, name) for metric in _COUNTED),
            ]
        return found

    def associated(self) -> Iterable[bytes]:
        return set(self._sessions.associated())

    def users(self) -> Iterable[bytes]:
        return set(self._sessions.users())

    def _count(self, metric: str, name: str) -> Reading:
        return Reading(metric=metric, value=self._counts.total(metric, name), instance=name)

    async def _work(self) -> None:
        while True:
            requests = [await self._queue.get()]
            while not self._queue.empty() and len(requests) < _AT_ONCE:
                requests.append(self._queue.get_nowait())
            replies = [(peer, reply) for data, peer in requests if (reply := self._take(data, peer))]
            if await self._book.keep():
                for peer, reply in replies:
                    self._send(peer, reply)
            else:
                self._replies.clear()  # not on the disk: who gets no answer sends again

    def _take(self, data: bytes, peer: Peer) -> bytes | None:
        same = (peer, data[:20])  # code, number, length, authenticator
        client = self._client(peer)
        name = client.name if client else _NOBODY
        now = self._clock.monotonic()
        then, reply = self._replies.get(same, (now, b""))
        if reply and now - then <= _AGAIN:
            self._counts.add("radius.repeated", name)
            return reply
        try:
            if client is None:
                raise Refused("it is none of wifi.radius.clients")
            word, reply = packets.read(data, client.secret)
            if word.kind is not None:
                new = self._sessions.take(name, word)
                self._counts.add("radius.requests" if new else "radius.repeated", name)
        except Refused as refusal:
            self._counts.add("radius.refused", name)
            self._note(peer[0], str(refusal))
            return None
        except Exception as error:  # noqa: BLE001 - a request that meets our fault must not end the listener
            self._counts.add("radius.refused", name)
            self._note(peer[0], place(error))
            return None
        self._replies.pop(same, None)
        self._replies[same] = (now, reply)
        if len(self._replies) > _REMEMBERED:
            self._replies.popitem(last=False)
        return reply

    def _client(self, peer: Peer) -> Client | None:
        try:
            address = ipaddress.ip_address(peer[0].partition("%")[0])
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        return next((one for one in self._clients if address in one.network), None)

    def _note(self, host: str, why: str) -> None:
        if (host, why) not in self._noted and len(self._noted) < _NOTED:
            self._noted.add((host, why))
            _log.warning("an accounting request from %s was refused: %s", host, why)

    def _send(self, peer: Peer, reply: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(reply, peer)


_COUNTED: Final = (
    "wifi.joins",
    "wifi.sessions",
    "wifi.sessions.ended",
    "wifi.sessions.forgotten",
    "wifi.sessions.received",
    "wifi.sessions.sent",
    "wifi.failures",
    "radius.requests",
    "radius.repeated",
    "radius.refused",
)
