"""Serving HTTP inside a service: uvicorn as one of its tasks, stopped with the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from runtime.settings import Wrong

GRACE = 3  # seconds that open answers (event streams among them) have at a stop


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service, which stops all its parts in order."""
        yield


def listen(setting: str, host: str, port: int) -> socket.socket:
    """Socket, bound before anything else starts, so that a taken port is told at once. Raises Wrong."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        cure = "choose another port, or stop what holds it"
        raise Wrong(f"{setting}.port", port, error.strerror or str(error), cure) from None
    return bound


async def serve(
    app: ASGIApp, bound: socket.socket, stopping: asyncio.Event, *, proxies: Sequence[str] = ()
) -> None:
    """Answer until `stopping`; open answers then have GRACE seconds. `proxies`: addresses or networks."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE,
        server_header=False,
        ws="none",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    server = _Server(config)
    ending = asyncio.create_task(_end(server, stopping))
    try:
        await server.serve(sockets=[bound])
    finally:
        ending.cancel()


async def _end(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True
