"""An OpenWrt access point over real HTTP: what it tells, sessions that end, answers that are bad."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts import measurements
from edge.recorder import Reading
from edge.wifi.book import Book
from edge.wifi.build import watching
from edge.wifi.counts import Counts
from edge.wifi.openwrt import OpenWrt
from edge.wifi.settings import OpenWrt as Chosen
from edge.wifi.settings import Settings
from edge.wifi.ubus import Ubus
from runtime.clock import Fake, System
from tests.fixtures.openwrt import AccessPoint, access_point

A, B = "a4:4e:31:43:1c:7c", "02:00:00:00:00:01"


def client(signal: int, received: int, sent: int, **more: Any) -> dict[str, Any]:
    flags = {"auth": True, "assoc": True, "authorized": True, "aid": 1}
    moved = {"bytes": {"rx": received, "tx": sent}, "packets": {"rx": 1, "tx": 2}}
    return {**flags, "signal": signal, **moved, "capabilities": {}, **more}


def associated(mac: str, connected: int, packets: int, retries: int, failed: int) -> dict[str, Any]:
    tx = {"packets": packets, "retries": retries, "failed": failed, "bytes": 9}
    return {"mac": mac.upper(), "connected_time": connected, "rx": {"packets": 1}, "tx": tx}


@pytest.fixture
def point() -> Iterator[AccessPoint]:
    with access_point() as one:
        one.returns = {
            ("hostapd.phy0-ap0", "get_clients"): {
                "freq": 2437,
                "clients": {A: client(-55, 1_000, 2_000), B: client(-85, 0, 0, authorized=False)},
            },
            ("iwinfo", "assoclist phy0-ap0"): {"results": [associated(A, 500, 10, 2, 1)]},
            ("iwinfo", "survey phy0-ap0"): {
                "results": [
                    {"mhz": 2412, "noise": -90, "active_time": 5, "busy_time": 5},
                    {"mhz": 2437, "noise": 161, "active_time": 1_000, "busy_time": 200},
                ]
            },
            ("network.device", "status"): {
                "lo": {"up": True, "statistics": {"rx_bytes": 1, "tx_bytes": 1}},
                "br-lan": {"up": True, "type": "bridge"},
                "eth0": {
                    "up": True,
                    "carrier": False,
                    "speed": "1000F",
                    "statistics": {
                        "rx_bytes": 5_000,
                        "tx_bytes": 6_000,
                        "rx_packets": 50,
                        "tx_packets": 60,
                        "rx_errors": 1,
                        "tx_errors": 2,
                        "rx_dropped": 3,
                        "tx_dropped": 4,
                        "collisions": 0,
                    },
                },
            },
            ("system", "info"): {
                "uptime": 4_711,
                "load": [32_768, 0, 0],
                "memory": {"total": 1_000, "available": 250, "free": 1},
            },
        }
        yield one


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[Counts]:
    with Book(tmp_path / "wifi.db") as book:
        yield Counts(book)


@pytest.fixture
def source(point: AccessPoint, counts: Counts, clock: Fake) -> OpenWrt:
    return OpenWrt("ap-1", Ubus(point.address, "imm", point.password), counts, clock)


def by_name(readings: list[Reading]) -> dict[tuple[str, str], object]:
    for reading in readings:
        assert measurements.find(reading.metric), reading
    return {(reading.metric, reading.instance): reading.value for reading in readings}


async def test_everything_that_it_knows_is_told(point: AccessPoint, source: OpenWrt, clock: Fake) -> None:
    values = by_name(await source.read())
    radio, wire = "ap-1/phy0-ap0", "ap-1/eth0"
    assert values["wifi.clients", radio] == 2
    assert values["wifi.signal.clients", f"{radio}/-80"] == 1
    assert values["wifi.channel.noise", radio] == -95, "an octet told unsigned"
    assert values["host.uptime", "ap-1"] == 4_711
    assert values["cpu.load", "ap-1"] == 0.5
    assert values["memory.utilization", "ap-1"] == 0.75
    assert values["network.up", wire] is False
    assert values["network.enabled", wire] is True
    assert values["network.errors", wire] == 3
    assert values["network.drops", wire] == 7
    assert values["network.speed", wire] == 1_000
    assert not {where for _, where in values if where in {"ap-1/lo", "ap-1/br-lan"}}
    assert ("network.rate.received", wire) not in values
    assert set(source.associated()) == {bytes.fromhex(mac.replace(":", "")) for mac in (A, B)}

    clock.advance(10)
    found = point.returns
    found["network.device", "status"]["eth0"]["statistics"]["rx_bytes"] += 10_000
    found["hostapd.phy0-ap0", "get_clients"]["clients"] = {A: client(-55, 11_000, 2_000)}
    found["iwinfo", "assoclist phy0-ap0"] = {"results": [associated(A, 510, 110, 52, 26)]}
    found["iwinfo", "survey phy0-ap0"]["results"][1] |= {"active_time": 2_000, "busy_time": 450}
    values = by_name(await source.read())
    assert values["network.rate.received", wire] == 8_000
    assert values["wifi.throughput.up", radio] == 8_000
    assert values["wifi.throughput.down", radio] == 0
    assert values["wifi.retries", radio] == pytest.approx(50 / 150)
    assert values["wifi.lost", radio] == 25 / 125
    assert values["wifi.channel.busy", radio] == 0.25
    assert values["wifi.failures", radio] == 1, "B left without ever getting in"


async def test_a_restart_of_the_access_point_makes_no_false_rates(
    point: AccessPoint, source: OpenWrt, clock: Fake
) -> None:
    await source.read()
    clock.advance(10)
    point.returns["system", "info"]["uptime"] = 8
    point.returns["network.device", "status"]["eth0"]["statistics"]["rx_bytes"] = 100
    assert ("network.rate.received", "ap-1/eth0") not in by_name(await source.read())


async def test_one_login_serves_until_the_session_ends(point: AccessPoint, source: OpenWrt) -> None:
    for _ in range(3):
        await source.read()
    assert (point.logins, point.connections) == (1, 3)
    point.sessions.clear()  # it restarted, or nobody asked for five minutes
    assert by_name(await source.read())["wifi.clients", "ap-1/phy0-ap0"] == 2
    assert point.logins == 2


async def test_what_the_account_may_not_see_is_absent(point: AccessPoint, source: OpenWrt) -> None:
    point.denied = {"iwinfo", "network.device"}
    metrics = {metric for metric, _ in by_name(await source.read())}
    assert "wifi.clients" in metrics
    assert not metrics & {"wifi.channel.noise", "wifi.retries", "network.received"}
    point.denied |= {"hostapd.phy0-ap0", "system"}
    with pytest.raises(OSError, match="give it an ACL"):
        await source.read()


async def test_where_nothing_may_be_listed_iwinfo_says_what_there_is(
    point: AccessPoint, source: OpenWrt
) -> None:
    point.listing = False
    point.returns["iwinfo", "devices"] = {"devices": ["phy0-ap0", "phy1-ap0"]}
    assert by_name(await source.read())["wifi.clients", "ap-1/phy0-ap0"] == 2


async def test_a_wrong_password_is_said_and_not_shown(
    point: AccessPoint, source: OpenWrt, caplog: pytest.LogCaptureFixture
) -> None:
    point.password = "changed"
    with pytest.raises(OSError, match="does not let imm in") as told:
        await source.read()
    assert "rahasia" not in str(told.value)
    point.password = "rahasia"
    await source.read()


@pytest.mark.parametrize(
    "raw,reason",
    [
        (b"<html>", "no JSON-RPC"),
        (b"[" * 100_000, "no JSON-RPC"),
        (b'{"result": 7}', "makes no sense"),
        (b'{"result": [0, {"ubus_rpc_session": 1}]}', "session login"),
        (b"x" * 1_100_000, "more than 1048576 bytes"),
        (b'{"result":[0,{"ubus_rpc_session":"a","clients":{"zz":{"signal":"?"}}}]}', "ap-1|get_clients|list"),
    ],
)
async def test_garbage_is_an_error_of_this_source(
    point: AccessPoint, source: OpenWrt, raw: bytes, reason: str
) -> None:
    point.raw = raw
    with pytest.raises(OSError, match=reason):
        await source.read()
    point.raw = None
    await source.read()


async def test_odd_clients_do_not_hide_the_others(point: AccessPoint, source: OpenWrt) -> None:
    point.returns["hostapd.phy0-ap0", "get_clients"]["clients"] |= {
        "not-a-mac": client(-1, 0, 0),
        "02:00:00:00:00:09": client(-1, 0, 0, assoc=False),
    }
    assert by_name(await source.read())["wifi.clients", "ap-1/phy0-ap0"] == 2


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/9 hm\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_a_peer_that_speaks_no_http_or_hangs_up(answer: bytes, counts: Counts, clock: Fake) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        source = OpenWrt("ap-1", Ubus(f"http://127.0.0.1:{port}/ubus", "imm", ""), counts, clock)
        with pytest.raises(OSError, match=r"closed|no HTTP"):
            await source.read()


async def test_a_slow_one_holds_up_no_other_and_no_identity_leaves(
    point: AccessPoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = tmp_path / "password"
    secret.write_text(point.password + "\n")
    with access_point() as slow:
        slow.delay = 5.0
        chosen = Settings(
            interfaces=("lo",),
            names=(),
            targets=(),
            gateway=False,
            grace=2.0,
            openwrt=(
                Chosen(name="slow", address=slow.address, password_file=secret, patience=0.3),
                Chosen(name="ap-1", address=point.address, password_file=secret),
            ),
        )
        async with watching(chosen, System(), tmp_path / "home") as sources:
            values = by_name(await sources.read())
            assert len(set(sources.associated())) == 2
        slow.delay = 0.0
    assert values["source.up", "slow"] == 0
    assert values["source.up", "ap-1"] == 1
    assert values["wifi.clients", "ap-1/phy0-ap0"] == 2
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").iterdir())
    everything = (repr(values) + caplog.text).lower().encode() + kept
    for mac in (A, B):
        assert mac.encode() not in everything
        assert bytes.fromhex(mac.replace(":", "")) not in everything
