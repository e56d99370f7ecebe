"""What a visitor meets, against real servers: an open line, a portal, a slow page, nothing at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts import measurements
from edge.recorder import Reading
from edge.wifi.build import watching
from edge.wifi.pages import Page, Throughput
from edge.wifi.probes import Probes, default_gateway6
from edge.wifi.request import Connection
from edge.wifi.settings import Download, Portal, Settings
from runtime.clock import System

Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


def by_name(readings: list[Reading]) -> dict[str, Any]:
    for reading in readings:
        assert measurements.find(reading.metric), reading
    return {reading.metric.removeprefix("reachability."): reading.value for reading in readings}


@asynccontextmanager
async def server(serve: Serve | bytes, **options: Any) -> AsyncIterator[str]:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if isinstance(serve, bytes):
                writer.write(serve)
            else:
                await serve(writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # who asked has heard enough
        finally:
            writer.close()

    running = await asyncio.start_server(meet, "127.0.0.1", 0, **options)
    async with running:
        yield f"127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def page(serve: Serve | bytes, patience: float = 5.0) -> dict[str, Any]:
    async with server(serve) as host:
        return by_name(await Page(Portal(url=f"http://{host}/204"), System(), patience=patience).read())


async def test_an_open_line() -> None:
    found = await page(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert (found["up"], found["open"]) == (1, 1)
    assert 0 < found["time"] < 5_000


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://masuk.wifi/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<html>" + b"Masuk " * 100_000,
        b"HTTP/1.0 511 Network Authentication Required\r\n\r\n",
    ],
)
async def test_a_portal_in_the_way(answer: bytes) -> None:
    found = await page(answer)
    assert (found["up"], found["open"]) == (1, 0)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 204 " + b"x" * 100_000])
async def test_who_speaks_no_http_is_not_reached_and_no_portal(answer: bytes) -> None:
    assert await page(answer) == {"up": 0.0}


async def test_who_never_answers_is_given_up() -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    assert await page(hang, patience=0.1) == {"up": 0.0}
    refused = Page(Portal(url="http://127.0.0.1:1/"), System(), patience=1)
    assert by_name(await refused.read()) == {"up": 0.0}


async def test_a_download_is_timed_and_bounded() -> None:
    sent = 0

    async def pour(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(50_000))
            sent += 50_000
            await writer.drain()
            await asyncio.sleep(0.005)

    async with server(pour) as host:
        chosen = Download(url=f"http://{host}/file", limit_bytes=1_000_000)
        found = by_name(await Throughput(chosen, System()).read())
    assert found["up"] == 1
    assert 1e6 < found["throughput"] < 50_000 * 8 / 0.005 * 1.5
    assert sent < 10_000_000


async def test_a_slow_download_is_measured_by_what_came() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n")
        while True:
            writer.write(bytes(5_000))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with server(drip) as host:
        chosen = Download(url=f"http://{host}/file", patience=0.5)
        found = by_name(await Throughput(chosen, System()).read())
    assert found["up"] == 1
    assert 100_000 < found["throughput"] <= 2_500_000


@pytest.mark.parametrize(
    "answer,up",
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 20000\r\n\r\n" + bytes(20_000), 0.0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + bytes(9), 1.0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + bytes(20_000), 0.0),
        (b"", 0.0),
    ],
)
async def test_what_cannot_be_measured_is_absent(answer: bytes, up: float) -> None:
    async with server(answer) as host:
        found = by_name(await Throughput(Download(url=f"http://{host}/file"), System()).read())
    assert found == {"up": up}


async def test_they_are_chosen_in_the_settings(tmp_path: Path) -> None:
    async with server(b"HTTP/1.1 204 No Content\r\n\r\n") as host:
        portal, download = Portal(url=f"http://{host}/204"), Download(url=f"http://{host}/file")
        chosen = Settings(
            interfaces=("lo",), names=(), targets=(), gateway=False, portals=(portal,), downloads=(download,)
        )
        async with watching(chosen, System(), tmp_path) as sources:
            found = {(one.metric, one.instance): one.value for one in await sources.read()}
            later = {one.instance for one in await sources.read()}
    assert found["reachability.open", f"http:{host}/204"] == 1
    assert ("reachability.up", f"http:{host}/file") in found
    assert not later & {f"http:{host}/204", f"http:{host}/file"}, "not due again"


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path, https: Any) -> None:
    context, authority = https
    other = tmp_path / "other.crt"
    other.write_bytes(b"another, in DER")
    async with server(b"HTTP/1.1 204 No Content\r\n\r\n", ssl=context) as host:
        url = f"https://localhost:{host.rpartition(':')[2]}/"
        async with Connection(url, trust=authority) as connection:
            assert (await connection.ask(limit=10)).status == 204
        async with Connection(url) as connection:
            with pytest.raises(ssl.SSLError):
                await connection.ask(limit=10)
        address = f"https://{host}/"  # the certificate does not bear it
        for trust in ({"trust": authority}, {"pin": other}):
            async with Connection(address, **trust) as connection:
                with pytest.raises(OSError, match=r"match|not the one"):
                    await connection.ask(limit=10)
        async with Connection(address, pin=authority) as connection:
            assert (await connection.ask(limit=10)).status == 204


@pytest.fixture
def https(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate of its own for `localhost`, and the file that trusts it."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "both.pem").write_bytes(pem + private)
    (tmp_path / "ca.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context, tmp_path / "ca.pem"


def test_the_gateway_of_ipv6_is_read_from_the_routes(tmp_path: Path) -> None:
    routes = tmp_path / "ipv6_route"
    nobody = "0" * 32
    routes.write_text(
        f"fe800000000000000000000000000000 40 {nobody} 00 {nobody} 00000100 1 0 00000001 eth0\n"
        f"{nobody} 00 {nobody} 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0\n"
    )
    assert default_gateway6(routes) == "fe80::1%eth0"
    assert default_gateway6(tmp_path / "none") == ""


async def test_both_gateways_are_tried(tmp_path: Path) -> None:
    four, six = tmp_path / "four", tmp_path / "six"
    four.write_text("Iface Destination Gateway Flags\neth0\t00000000\t0100007F\t0003\n")
    six.write_text(f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 31}1 00000400 1 0 00000003 lo\n")
    found = await Probes(Settings(names=(), targets=()), System(), routes=four, routes6=six).read()
    up = {one.instance for one in found if one.metric == "reachability.up"}
    assert up == {"gateway", "gateway6"}
