"""From where somebody comes: enough to slow an attack and to recognise a session, no more."""

from __future__ import annotations

import ipaddress
from typing import Final

import msgspec

from runtime.logs import clean

_AGENT: Final = 120  # characters of a browser's own words that are kept


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """The other end of a connection."""

    address: str = ""  # as the web server saw it
    agent: str = ""  # `User-Agent`
    device: str = ""  # token that this browser got at an earlier sign-in, if it has one

    @property
    def source(self) -> str:
        """Whom failures are counted against: an IPv4 host, or an IPv6 network of one customer."""
        return _network(self.address, 32, 64)

    @property
    def network(self) -> str:
        """What is kept with a session: too coarse to follow a person by."""
        return _network(self.address, 24, 48)

    @property
    def browser(self) -> str:
        """The browser's words, cleaned and cut."""
        return clean(self.agent, _AGENT)


def _network(address: str, v4: int, v6: int) -> str:
    try:
        host = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(host, ipaddress.IPv6Address) and host.ipv4_mapped is not None:
        host = host.ipv4_mapped
    bits = v4 if host.version == 4 else v6
    return str(ipaddress.ip_network(f"{host}/{bits}", strict=False))
