"""What a Wi-Fi node watches: the table `[wifi]`. A source that is not named is not read."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from edge.network import part

_LEAST, _MOST = 0.1, 60.0  # seconds that a source may take


class Linux(msgspec.Struct, frozen=True, kw_only=True):
    """Radios of this machine, by the kernel (nl80211). May be empty: all that serve clients."""

    interfaces: tuple[str, ...] = ()  # those to read; empty: all that serve clients
    every: float = 0.0  # seconds from reading to reading; 0: at each sample
    patience: float = 5.0  # seconds until a reading counts as failed

    def __post_init__(self) -> None:
        _paced(self.every, self.patience)


class OpenWrt(msgspec.Struct, frozen=True, kw_only=True):
    """One access point that runs OpenWrt, asked by ubus over HTTP."""

    name: str  # the access point's instance, such as `ap-1`
    address: str  # such as https://192.168.1.2/ubus
    user: str = "root"  # of rpcd; give it one with few rights
    password_file: Path | None = None  # file with its password
    ca_file: Path | None = None  # certificates of the authority that signed its own, where that is not public
    certificate_file: Path | None = None  # its own certificate, signed by nobody: only this is believed
    every: float = 0.0  # seconds from reading to reading; 0: at each sample
    patience: float = 5.0  # seconds until a reading counts as failed

    def __post_init__(self) -> None:
        _instance(self.name)
        _url("address", self.address)
        _paced(self.every, self.patience)


class Snmp(msgspec.Struct, frozen=True, kw_only=True):
    """One device asked by SNMP: its interfaces (IF-MIB), processor, memory, disks (HOST-RESOURCES-MIB)."""

    name: str  # the device's instance, such as `switch-1`
    host: str  # its address
    port: int = 161  # UDP
    version: Literal["2c", "3"] = "3"  # 2c sends its community in the clear
    community_file: Path | None = None  # 2c: file with the community
    user: str = ""  # 3: security name
    auth: Literal["sha", "sha256", "sha512"] = "sha"  # 3: how it is signed
    auth_file: Path | None = None  # 3: file with the authentication passphrase
    privacy_file: Path | None = None  # 3: file with the privacy passphrase (AES-128)
    interfaces: tuple[str, ...] = ()  # names of those to read; empty: all
    every: float = 60.0  # seconds from reading to reading
    patience: float = 10.0  # seconds until a reading counts as failed

    def __post_init__(self) -> None:
        _instance(self.name)
        _paced(self.every, self.patience)
        if not 0 < self.port < 65_536:
            raise ValueError(f"port {self.port}: 1 to 65535")
        if self.version == "2c" and self.community_file is None:
            raise ValueError("community_file: version 2c needs one")
        if self.version == "3" and not (self.user and self.auth_file and self.privacy_file):
            raise ValueError("user, auth_file, privacy_file: version 3 needs all three")


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One controller or access point that may send accounting."""

    name: str  # its instance, such as `controller-1`
    network: str  # address or network that it sends from, such as 10.0.0.2 or 10.0.0.0/24
    secret_file: Path  # file with the secret shared with it

    def __post_init__(self) -> None:
        _instance(self.name)
        try:
            ipaddress.ip_network(self.network)
        except ValueError as error:
            raise ValueError(f"network: {error}") from None


class Radius(msgspec.Struct, frozen=True, kw_only=True):
    """Accounting that controllers send here (RFC 2866)."""

    clients: tuple[Client, ...]  # who may send, each a `[[wifi.radius.clients]]`
    host: str = "127.0.0.1"  # address to listen at; that of the network of the access points
    port: int = 1813  # UDP
    stale: float = 1_800.0  # seconds without word until a session is stale; three times the interim interval
    forget: float = 604_800.0  # seconds without word until a session is counted as forgotten

    def __post_init__(self) -> None:
        if not self.clients:
            raise ValueError("clients: name at least one")
        if not 0 <= self.port < 65_536:
            raise ValueError(f"port {self.port}: 0 to 65535")
        if not 1 <= self.stale <= self.forget:
            raise ValueError("stale, forget: at least 1 second, and forget not before stale")


class Portal(msgspec.Struct, frozen=True, kw_only=True):
    """One page whose answer is known: another answer comes from a captive portal."""

    url: str  # such as http://connectivitycheck.gstatic.com/generate_204
    status: int = 204  # the status that it answers with
    every: float = 60.0  # seconds from try to try

    def __post_init__(self) -> None:
        _url("url", self.url)
        _paced(self.every, _LEAST)


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """One file whose download shows what throughput a visitor gets."""

    url: str  # of something larger than limit_bytes
    limit_bytes: int = 2_000_000  # bytes after which the download is ended
    every: float = 900.0  # seconds from try to try; each takes limit_bytes of the line
    patience: float = 10.0  # seconds after which what came until then is the measure

    def __post_init__(self) -> None:
        _url("url", self.url)
        _paced(self.every, self.patience)
        if not 10_000 <= self.limit_bytes <= 100_000_000:
            raise ValueError(f"limit_bytes {self.limit_bytes}: 10000 to 100000000")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Interfaces, what they should reach, and the access points."""

    interfaces: tuple[str, ...] = ()  # those to count; empty: all but loopback
    names: tuple[str, ...] = ("cirebonkota.go.id",)  # to be resolved by DNS
    targets: tuple[str, ...] = ("1.1.1.1:443",)  # host:port to be connected to by TCP
    gateway: bool = True  # try the default gateway as well
    patience: float = 3.0  # seconds until an attempt counts as failed
    grace: float = 1.0  # seconds that a sample waits for slow sources, which then come with the next
    flap: float = 30.0  # seconds that a client may be away and still continue its session
    portals: tuple[Portal, ...] = ()  # pages that tell a captive portal, each a `[[wifi.portals]]`
    downloads: tuple[Download, ...] = ()  # downloads to be timed, each a `[[wifi.downloads]]`
    openwrt: tuple[OpenWrt, ...] = ()  # access points with OpenWrt, each a `[[wifi.openwrt]]`
    snmp: tuple[Snmp, ...] = ()  # devices asked by SNMP, each a `[[wifi.snmp]]`
    linux: Linux | None = None
    radius: Radius | None = None

    def __post_init__(self) -> None:
        if not _LEAST <= self.patience <= _MOST:
            raise ValueError(f"patience {self.patience}: 0.1 to 60 seconds")
        if not 0 <= self.grace <= _MOST or self.flap < 0:
            raise ValueError("grace, flap: not negative, grace at most 60 seconds")
        for target in self.targets:
            host, _, port = target.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"targets: {target} is not of the form host:port")
        _unlike([*(one.name for one in self.openwrt), *(one.name for one in self.snmp)])
        _unlike(one.name for one in (self.radius.clients if self.radius else ()))


def _unlike(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"name: {name} is there twice")
        seen.add(name)


def _instance(name: str) -> None:
    if not name or part(name) != name or len(name) > 24 or "/" in name:
        raise ValueError(f"name {name[:40]}: 1 to 24 of A-Z a-z 0-9 . : -, first a letter or digit")


def _url(field: str, text: str) -> None:
    try:
        url = urlsplit(text)
        good = url.scheme in {"http", "https"} and url.hostname and url.port != 0 and not url.username
    except ValueError:
        good = False
    if not good or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{field}: {text[:80]} is not http://host or https://host, without user or password")


def _paced(every: float, patience: float) -> None:
    if not 0 <= every <= 86_400:
        raise ValueError(f"every {every}: 0 to 86400 seconds")
    if not _LEAST <= patience <= _MOST:
        raise ValueError(f"patience {patience}: 0.1 to 60 seconds")
