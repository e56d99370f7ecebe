"""MQTT 5 on a bare socket: as little as a load needs, so that the load is not what is measured."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

from runtime.mqtt import packets

PUBLISH: Final = 3
PUBACK: Final = 4
_CHUNK: Final = 1 << 18
_CONNACK, _SUBACK = 2, 9


class Wire:
    """One connection. Packets come as (type and flags, body)."""

    def __init__(self, port: int, client_id: str, *, receive_maximum: int = 65_535) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.window = 65_535  # messages that the broker lets be unacknowledged
        properties = b"\x21" + receive_maximum.to_bytes(2)
        body = packets.text("MQTT") + b"\x05\x02" + (600).to_bytes(2)
        body += packets.integer(len(properties)) + properties + packets.text(client_id)
        self.socket.sendall(b"\x10" + packets.integer(len(body)) + body)
        self._take_window(self._wait(_CONNACK))

    def subscribe(self, *filters: str) -> None:
        """QoS 1; returns when the broker has answered."""
        body = (1).to_bytes(2) + b"\x00" + b"".join(packets.text(name) + b"\x01" for name in filters)
        self.socket.sendall(b"\x82" + packets.integer(len(body)) + body)
        self._wait(_SUBACK)

    def packets(self) -> Iterator[tuple[int, memoryview]]:
        """What one read brings: none where the socket has nothing."""
        try:
            data = self.socket.recv(_CHUNK)
        except (BlockingIOError, TimeoutError):
            return
        if not data:
            raise ConnectionError("the broker closed the connection")
        data = self._rest + data
        view, at, end = memoryview(data), 0, len(data)
        while at + 1 < end:
            try:
                length, body = packets.varint(data, at + 1)
            except IndexError:
                break
            if body + length > end:
                break
            yield data[at], view[body : body + length]
            at = body + length
        self._rest = data[at:]

    def _wait(self, kind: int) -> memoryview:
        while True:
            for head, body in self.packets():
                if head >> 4 == kind:
                    return body

    def _take_window(self, connack: memoryview) -> None:
        if connack[1]:
            raise ConnectionError(f"the broker refused the connection: 0x{connack[1]:02x}")
        raw = bytes(connack[3 : 3 + connack[2]]) if len(connack) > 2 else b""
        if (at := raw.find(b"\x21")) in (0, 2, 5):  # first, or after one or two short properties
            self.window = int.from_bytes(raw[at + 1 : at + 3])
