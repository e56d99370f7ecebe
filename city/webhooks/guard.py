"""Where webhooks may go: public addresses, and the networks that a setting allows."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

import httpx

from city.webhooks.errors import Away, Forbidden
from contracts.errors import Refused
from runtime.clock import Clock

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Awaitable[Sequence[str]]]
_LONGEST: Final = 2_000  # characters of an address
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in its last 32 bits
_OLD: Final = ipaddress.IPv6Network("::/96")  # IPv4-compatible addresses, long out of use
_THREADS: Final = 16  # names looked up at once


class Guard:
    """Checks addresses, and looks names up; what it answers is what may be connected to."""

    def __init__(
        self, allow: Sequence[str], clock: Clock, *, keep: float = 60.0, resolve: Resolve | None = None
    ) -> None:
        self._allowed = tuple(_network(text) for text in allow)
        self._clock = clock
        self._keep = keep
        self._resolve = resolve or _Resolver()
        self._known: dict[str, tuple[float, Sequence[str]]] = {}

    def check(self, text: str) -> httpx.URL:
        """The address of a receiver, as far as it can be told without asking anybody. Raises Refused."""
        field = "url"
        if len(text) > _LONGEST:
            raise Refused(field, text, f"at most {_LONGEST} characters")
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, ValueError) as error:
            raise Refused(field, text, f"no address: {error}") from None
        if url.scheme != "https" and not (url.scheme == "http" and self._allowed):
            raise Refused(field, text, "https is needed")
        if not url.host:
            raise Refused(field, text, "name the host")
        literal = _literal(url.host)
        if (literal is None and not _NAME.fullmatch(name(url))) or not 0 < (url.port or 443) < 65_536:
            raise Refused(field, text, "no address: host and port cannot be")
        if url.userinfo or url.fragment:
            raise Refused(field, text, "neither name and password nor a fragment may be in it")
        if literal is not None and not self.may(literal, plain=url.scheme == "http"):
            raise Refused(field, text, "a private address, which the platform does not call")
        return url

    def may(self, address: Address, *, plain: bool = False) -> bool:
        """Whether this address may be connected to; without TLS only in the networks that are allowed."""
        inner = _inner(address)
        if any(address in network or inner in network for network in self._allowed):
            return True
        return not plain and inner.is_global and not (inner.is_multicast or inner.is_reserved)

    async def addresses(self, url: httpx.URL) -> Sequence[str]:
        """Addresses of a receiver, all of them checked. Raises Away, Forbidden."""
        plain = url.scheme == "http"
        host = name(url)
        found = await self._look_up(host)
        for text in found:
            if not self.may(ipaddress.ip_address(text), plain=plain):
                self.forget(url)
                raise Forbidden(host, text)
        return found

    def forget(self, url: httpx.URL) -> None:
        """Look its name up again at the next time: its address did not answer."""
        self._known.pop(name(url), None)

    async def _look_up(self, host: str) -> Sequence[str]:
        if _literal(host) is not None:
            return [host]
        at, found = self._known.get(host, (0.0, ()))
        if not found or self._clock.monotonic() - at > self._keep:
            found = await self._resolve(host)
            if not found:
                raise Away(f"{host} has no address")
            self._known[host] = (self._clock.monotonic(), found)
        return found


def name(url: httpx.URL) -> str:
    """Host of an address, as name servers and certificates write it."""
    return url.raw_host.decode("ascii")


class _Resolver:
    """The machine's resolver, on threads of its own: a name server that hangs holds up nothing else."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook names")

    async def __call__(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._pool, _asked, host)
        except (OSError, UnicodeError) as error:
            raise Away(f"{host} cannot be looked up: {error}") from error
        return list(dict.fromkeys(found))


def _asked(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise Refused("webhooks.allow", text, f"a network such as 10.20.0.0/16: {error}") from None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does: that is where the packets end."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or address in _OLD:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
