"""What agents read of a machine: true, named by the catalogue, within its bounds, absent where it lacks."""

import asyncio
from pathlib import Path

import psutil
import pytest

from contracts import measurements, senml
from contracts.series import Block
from contracts.topics import Device, Kind
from edge.kiosk.host import Host
from edge.network import part
from edge.recorder import Reading, series
from edge.wifi.counters import Counters, radios
from edge.wifi.probes import Probes, default_gateway
from edge.wifi.settings import Settings
from runtime.clock import System

DEVICE = Device(site="bima", kind=Kind.KIOSK, device="k1")


def by_name(readings: list[Reading]) -> dict[tuple[str, str], object]:
    return {(reading.metric, reading.instance): reading.value for reading in readings}


def acceptable(readings: list[Reading]) -> None:
    """What ingest would refuse must not leave."""
    block = Block()
    now = System().now()
    for reading in readings:
        assert measurements.find(reading.metric), reading
        block.append(series(DEVICE, reading), now, reading.value)
    assert senml.decode(senml.encode(block), "", DEVICE, now=now, block=Block()) == len(readings)


async def test_the_host_tells_of_this_machine() -> None:
    found = await Host(("/", "/not/mounted")).read()
    acceptable(found)
    values = by_name(found)
    assert values["memory.total", ""] == psutil.virtual_memory().total
    assert values["disk.total", "root"] == psutil.disk_usage("/").total
    assert ("disk.total", "not/mounted") not in values
    assert isinstance(values["cpu.utilization", ""], float)


async def test_what_the_machine_lacks_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "sensors_temperatures", dict)
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None)
    metrics = {reading.metric for reading in await Host(("/",)).read()}
    assert not metrics & {"temperature", "cpu.frequency"}


async def test_interfaces_are_counted_without_loopback_unless_it_is_wanted() -> None:
    found = await Counters((), System()).read()
    acceptable(found)
    assert "lo" not in {reading.instance for reading in found}
    wanted = by_name(await Counters(("lo",), System()).read())
    assert {instance for _, instance in wanted} == {"lo"}
    assert wanted["network.received", "lo"] == wanted["network.sent", "lo"]


def test_radios_are_read_from_the_kernels_table(tmp_path: Path) -> None:
    table = tmp_path / "wireless"
    table.write_text("Inter-| sta-|\n face | tus |\n wlan0: 0000   35.  -75.  -256  0 0 0 0 0 0\n")
    assert by_name(list(radios(table))) == {("wifi.quality", "wlan0"): 0.5, ("wifi.signal", "wlan0"): -75.0}
    assert list(radios(tmp_path / "none")) == []


@pytest.mark.parametrize(
    "text,instance", [("/", "root"), ("/var/log", "var/log"), ("br_lan", "br-lan"), ("é", "root")]
)
def test_names_of_parts_are_instances(text: str, instance: str) -> None:
    assert part(text) == instance


async def test_what_answers_is_reached_and_timed_and_what_refuses_is_not(tmp_path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        targets = (f"127.0.0.1:{port}", "127.0.0.1:1")
        settings = Settings(targets=targets, names=("localhost", "does-not-exist.invalid"), gateway=False)
        found = await Probes(settings, System()).read()
    acceptable(found)
    values = by_name(found)
    assert values["reachability.up", f"tcp:127.0.0.1:{port}"] == 1.0
    assert values["reachability.up", "tcp:127.0.0.1:1"] == 0.0
    assert values["reachability.up", "dns:localhost"] == 1.0
    assert values["reachability.up", "dns:does-not-exist.invalid"] == 0.0
    assert ("reachability.time", f"tcp:127.0.0.1:{port}") in values
    assert ("reachability.time", "tcp:127.0.0.1:1") not in values


async def test_an_attempt_without_an_answer_ends_in_time_and_is_not_begun_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = 0

    async def hang(*_: object, **__: object) -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    settings = Settings(targets=(), names=("example.org",), gateway=False, patience=0.1)
    probes = Probes(settings, System())
    for _ in range(3):
        assert by_name(await probes.read()) == {("reachability.up", "dns:example.org"): 0.0}
    assert begun == 1
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


def test_the_gateway_is_read_from_the_routes(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text(
        "Iface\tDestination\tGateway\tFlags\neth0\t0000A8C0\t00000000\t0001\neth0\t00000000\t0101A8C0\t0003\n"
    )
    assert default_gateway(routes) == "192.168.1.1"
    assert default_gateway(tmp_path / "none") == ""
