"""A TCP port for a server that is started in a moment, and perhaps again and again."""

from __future__ import annotations

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody else gets while this process lives; servers that reuse addresses may use it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    # Let go, it could be gone before the server starts, or while it is down: taken by another who looks for a
    # free one, or by an outgoing connection, even by the one that asks whether the server is up.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((host, 0))
    port = int(held.getsockname()[1])
    held.detach()  # the kernel takes it back when this process ends
    return port
