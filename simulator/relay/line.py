"""One connection through a relay."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Final

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST instead of FIN


class End:
    """One side of a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def gone(self) -> bool:
        """Whether it was closed here."""
        return self.writer.transport.is_closing()

    def abort(self) -> None:
        """Close it by RST; nothing where it is closed already."""
        with contextlib.suppress(OSError):
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()


class Line:
    """One connection: two streams, and what waits between them."""

    def __init__(self, near: End, far: End) -> None:
        self.near, self.far = near, far
        self.dropped = False

    def abort(self) -> None:
        """Reset both ends."""
        self.near.abort()
        self.far.abort()
