"""What this machine reaches: a name by DNS, a host by TCP, its gateway; with the time that it took."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from edge.network import part
from edge.recorder import Reading
from edge.wifi.settings import Settings
from runtime.clock import Clock

_ROUTES: Final = Path("/proc/net/route")
_ROUTES6: Final = Path("/proc/net/ipv6_route")
_GATEWAY_PORT: Final = 53  # most gateways answer there; one that refuses is reached as well
Attempt = Callable[[], Awaitable[None]]


class Probes:
    """Source of reachability. Each attempt is bounded; a name still being resolved is not asked again."""

    name = "reachability"

    def __init__(
        self, settings: Settings, clock: Clock, *, routes: Path = _ROUTES, routes6: Path = _ROUTES6
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._routes = routes
        self._routes6 = routes6
        self._resolving: dict[str, asyncio.Future[Any]] = {}

    async def read(self) -> list[Reading]:
        """Try everything at once."""
        attempts = {f"dns:{name}": self._resolution(name) for name in self._settings.names}
        for target in self._settings.targets:
            host, _, port = target.rpartition(":")
            attempts[f"tcp:{target}"] = _connection(host.strip("[]"), int(port))
        if self._settings.gateway:
            found = {"gateway": default_gateway(self._routes), "gateway6": default_gateway6(self._routes6)}
            for what, host in found.items():
                if host:
                    attempts[what] = _connection(host, _GATEWAY_PORT, refusal_counts=True)
        tried = await asyncio.gather(*(self._timed(what, attempt) for what, attempt in attempts.items()))
        return [reading for readings in tried for reading in readings]

    async def _timed(self, what: str, attempt: Attempt) -> list[Reading]:
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._settings.patience):
                await attempt()
        except (OSError, TimeoutError):
            return [Reading(metric="reachability.up", value=0.0, instance=part(what))]
        took = (self._clock.monotonic() - began) * 1_000
        return [
            Reading(metric="reachability.up", value=1.0, instance=part(what)),
            Reading(metric="reachability.time", value=round(took, 3), instance=part(what)),
        ]

    def _resolution(self, name: str) -> Attempt:
        async def attempt() -> None:
            if name not in self._resolving or self._resolving[name].done():
                loop = asyncio.get_running_loop()
                begun = asyncio.ensure_future(loop.getaddrinfo(name, None, type=socket.SOCK_STREAM))
                begun.add_done_callback(_seen)
                self._resolving[name] = begun
            await asyncio.shield(
                self._resolving[name]
            )  # the resolver's thread cannot be stopped, only left alone

        return attempt


def _seen(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _connection(host: str, port: int, *, refusal_counts: bool = False) -> Attempt:
    async def attempt() -> None:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            if refusal_counts:
                return
            raise
        writer.close()

    return attempt


def default_gateway(routes: Path = _ROUTES) -> str:
    """IPv4 address of the default gateway; empty where there is none."""
    try:
        lines = routes.read_text().splitlines()[1:]
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if len(fields) > 3 and fields[1] == "00000000" and int(fields[3], 16) & 2:  # RTF_GATEWAY
            return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    return ""


def default_gateway6(routes: Path = _ROUTES6) -> str:
    """IPv6 address of the default gateway, with its link where it needs one; empty where there is none."""
    try:
        lines = routes.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if len(fields) < 10 or fields[0] != "0" * 32 or fields[1] != "00" or not int(fields[8], 16) & 2:
            continue
        address = ipaddress.IPv6Address(bytes.fromhex(fields[4]))
        return f"{address}%{fields[9]}" if address.is_link_local else str(address)
    return ""
