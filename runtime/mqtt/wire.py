"""The socket that paho sees: its bytes come from and go to an asyncio transport, so nothing blocks."""

from __future__ import annotations

import asyncio
import socket


class Wire:
    """Stands where paho expects a connected, non-blocking socket, as paho's own web socket wrapper does."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._received = bytearray()
        self._written: list[bytes] = []

    def feed(self, data: memoryview) -> None:
        """Bytes that paho shall read next."""
        self._received += data

    def flush(self) -> None:
        """Hand over what paho wrote, as one write."""
        if self._written and not self._transport.is_closing():
            self._transport.write(b"".join(self._written))
        self._written.clear()

    def recv(self, buffer_size: int) -> bytes:
        if not self._received:
            raise BlockingIOError
        data = bytes(self._received[:buffer_size])
        del self._received[:buffer_size]
        return data

    def send(self, buffer: bytes | bytearray) -> int:
        self._written.append(bytes(buffer))
        return len(buffer)

    def close(self) -> None:
        """Close after what was written has left."""
        self.flush()
        if not self._transport.is_closing():  # paho closes once more when it is collected
            self._transport.close()

    def fileno(self) -> int:
        found: socket.socket = self._transport.get_extra_info("socket")
        return found.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - a socket's signature
        """Never blocks, whatever is asked."""
