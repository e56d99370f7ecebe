"""The sources of one node, as its settings choose them. A library is loaded only for what is chosen."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

from edge.wifi.book import Book
from edge.wifi.counters import Counters
from edge.wifi.counts import Counts
from edge.wifi.probes import Probes
from edge.wifi.settings import Settings
from edge.wifi.together import Part, Together
from runtime.clock import Clock
from runtime.settings import Wrong, secret

_SLACK = 1.0  # seconds that a whole reading may take beyond its longest attempt


@contextlib.asynccontextmanager
async def watching(settings: Settings, clock: Clock, home: Path) -> AsyncIterator[Together]:
    """All sources as one; what goes on over restarts is kept in the agent's folder. Raises OSError, Wrong."""
    with Book(home / "wifi.db") as book:
        counts = Counts(book)
        together = Together(
            [*_parts(settings, clock, counts), *await _radius(settings, clock, book, counts)],
            clock,
            book=book,
            grace=settings.grace,
        )
        try:
            yield together
        finally:
            await together.close()


def _parts(settings: Settings, clock: Clock, counts: Counts) -> Iterator[Part]:
    yield Part(Counters(settings.interfaces, clock))
    yield Part(Probes(settings, clock), patience=settings.patience + _SLACK)
    if settings.linux:
        _need("wifi.linux", "pyroute2")
        from edge.wifi.linux import Linux

        yield Part(
            Linux(settings.linux.interfaces, counts, clock, flap=settings.flap),
            every=settings.linux.every,
            patience=settings.linux.patience,
        )
    if settings.openwrt:
        _need("wifi.openwrt", "h11")
        from edge.wifi.openwrt import OpenWrt
        from edge.wifi.ubus import Ubus

        for one in settings.openwrt:
            password = secret("wifi.openwrt.password_file", one.password_file)
            ubus = Ubus(one.address, one.user, password, trust=one.ca_file, pin=one.certificate_file)
            source = OpenWrt(one.name, ubus, counts, clock, flap=settings.flap)
            yield Part(source, every=one.every, patience=one.patience)
    yield from _snmp(settings, clock)
    if settings.portals or settings.downloads:
        _need("wifi.portals, wifi.downloads", "h11")
        from edge.wifi.pages import Page, Throughput

        for portal in settings.portals:
            page = Page(portal, clock, patience=settings.patience)
            yield Part(page, every=portal.every, patience=settings.patience + _SLACK)
        for download in settings.downloads:
            yield Part(Throughput(download, clock), every=download.every, patience=download.patience + _SLACK)


def _snmp(settings: Settings, clock: Clock) -> Iterator[Part]:
    if not settings.snmp:
        return
    _need("wifi.snmp", "pysnmp")
    from edge.wifi import agents
    from edge.wifi.snmp import Snmp

    for one in settings.snmp:
        if one.version == "2c":
            access = agents.community(secret("wifi.snmp.community_file", one.community_file))
        else:
            access = agents.user(
                one.user,
                one.auth,
                secret("wifi.snmp.auth_file", one.auth_file),
                secret("wifi.snmp.privacy_file", one.privacy_file),
            )
        source = Snmp(one.name, agents.Agent(one.host, one.port, access), clock, wanted=one.interfaces)
        yield Part(source, every=one.every, patience=one.patience)


async def _radius(settings: Settings, clock: Clock, book: Book, counts: Counts) -> list[Part]:
    chosen = settings.radius
    if chosen is None:
        return []
    _need("wifi.radius", "pyrad")
    from ipaddress import ip_network

    from edge.wifi.accounting.listener import Client, Radius
    from edge.wifi.accounting.sessions import Sessions

    clients = [
        Client(
            name=one.name,
            network=ip_network(one.network),
            secret=secret("wifi.radius.clients.secret_file", one.secret_file).encode(),
        )
        for one in chosen.clients
    ]
    sessions = Sessions(book, counts, clock, stale=chosen.stale, forget=chosen.forget, flap=settings.flap)
    source = Radius(clients, sessions, book, counts, clock)
    await source.open(chosen.host, chosen.port)
    return [Part(source)]


def _need(setting: str, library: str) -> None:
    if find_spec(library) is None:
        raise Wrong(setting, library, "is not installed", "pip install 'imm-edge[wifi]'")
