"""One real agent with all sources: what reaches its spool, over a kill, and how much it weighs."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts import batches, measurements, senml
from contracts.series import Block
from contracts.topics import Device, Kind
from runtime.clock import System
from runtime.ports import free_port
from runtime.spool import Lane, Spool
from tests.fixtures.openwrt import AccessPoint, access_point
from tests.fixtures.radius import SECRET, signed
from tests.fixtures.snmp import AUTH, PRIVACY, USER

pytestmark = pytest.mark.system
DEVICE = Device(site="bima", kind=Kind.WIFI, device="wifi-1")
LIMIT = 60.0
A = "a4:4e:31:43:1c:7c"


class Agent:
    """A process `imm-edge wifi`, which no broker answers: all that it records stays in its spool."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        self.config = folder / "agent.toml"
        self.config.write_text(config)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "err").open("ab") as errors:
            command = [sys.executable, "-m", "edge", "wifi", "--config", str(self.config)]
            return subprocess.Popen(command, stderr=errors)

    def end(self, by: signal.Signals) -> None:
        self.process.send_signal(by)
        self.process.wait(LIMIT)

    def recorded(self) -> list[dict[tuple[str, str], Any]]:
        """What the spool holds, a batch after the other."""
        found = []
        with Spool(self.folder / "spool.db", clock=System()) as spool:
            for batch in spool.due(Lane.TELEMETRY, after=0, count=1_000, size=1 << 26):
                block = Block()
                senml.decode(batch.payload, batches.JSON, DEVICE, now=System().now(), block=block)
                values = {}
                for row, place in enumerate(block.index):
                    series = block.series[place]
                    assert measurements.find(series.metric), series
                    values[series.metric, series.instance] = block.others.get(row, block.numbers[row])
                found.append(values)
        return found


@pytest.fixture
def point() -> Iterator[AccessPoint]:
    with access_point() as one:
        one.returns = {("hostapd.wlan0", "get_clients"): {"freq": 2412, "clients": {A: {"signal": -50}}}}
        yield one


def ask(port: int, request: bytes) -> None:
    """Send accounting until it is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(0.2)
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            try:
                wire.sendto(request, ("127.0.0.1", port))
                wire.recv(4_096)
            except OSError:
                continue
            return
    raise TimeoutError("no answer to accounting")


def wait(true: Callable[[], bool]) -> None:
    until = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_one_agent_serves_many_access_points_and_goes_on_after_a_kill(
    tmp_path: Path, point: AccessPoint, snmpd: int
) -> None:
    for name, text in {"secret": SECRET, "password": point.password, "auth": AUTH, "priv": PRIVACY}.items():
        (tmp_path / name).write_text(text)
    accounting = free_port()
    agent = Agent(
        tmp_path,
        f"""
        site = "bima"
        device = "wifi-1"
        period = 0.5
        probe = 0
        farewell = 0
        broker.port = 1
        spool.path = "{tmp_path}/spool.db"
        [wifi]
        names = ["localhost"]
        targets = []
        gateway = false
        [wifi.linux]
        [[wifi.portals]]
        url = "{point.address}"
        [[wifi.openwrt]]
        name = "ap-1"
        address = "{point.address}"
        password_file = "{tmp_path}/password"
        [[wifi.openwrt]]
        name = "ap-2"
        address = "http://127.0.0.1:1/ubus"
        [[wifi.snmp]]
        name = "switch-1"
        host = "127.0.0.1"
        port = {snmpd}
        user = "{USER}"
        auth_file = "{tmp_path}/auth"
        privacy_file = "{tmp_path}/priv"
        every = 1
        interfaces = ["lo"]
        [wifi.radius]
        port = {accounting}
        [[wifi.radius.clients]]
        name = "hub"
        network = "127.0.0.1"
        secret_file = "{tmp_path}/secret"
        """,
    )
    try:
        ask(accounting, signed({40: b"\0\0\0\1", 44: b"s1"}))
        ask(accounting, signed({40: b"\0\0\0\1", 44: b"s2"}))
        logins = point.connections
        wait(lambda: point.connections >= logins + 4)
        agent.end(signal.SIGKILL)
        first = agent.recorded()
        agent.process = agent.start()
        ask(accounting, signed({40: b"\0\0\0\2", 44: b"s1", 42: b"\0\0\0\7"}))
        ask(accounting, signed({40: b"\0\0\0\1", 44: b"s2"}))
        logins = point.connections
        wait(lambda: point.connections >= logins + 4)
        agent.end(signal.SIGTERM)
    finally:
        agent.end(signal.SIGKILL)
    every = agent.recorded()
    assert len(every) > len(first)
    last = every[-1]
    up = {where: value for (metric, where), value in last.items() if metric == "source.up"}
    assert {up[where] for where in ("ap-1", "radius", "counters", "reachability")} == {1.0}
    assert {up[where] for where in ("ap-2", "linux")} == {0.0}
    assert last["wifi.clients", "ap-1/wlan0"] == 1
    assert last["wifi.sessions", "hub"] == 2, "what was told again after the kill counts once"
    assert last["wifi.sessions.open", "hub"] == 1
    assert last["wifi.sessions.received", "hub"] == 7
    assert any(("network.received", "switch-1/lo") in one for one in every)
    said = (tmp_path / "err").read_text()
    assert "ap-2 cannot be read" in said
    assert A not in said.lower()
    assert SECRET not in said


WEIGH = """
import asyncio, json, sys
from pathlib import Path
import edge.cli, edge.agent
from edge.wifi.build import watching
from edge.wifi.settings import Settings
import msgspec
from runtime.clock import System

async def main():
    chosen = msgspec.convert(json.loads(sys.argv[1]), Settings, dec_hook=lambda kind, value: kind(value))
    async with watching(chosen, System(), Path(sys.argv[2])) as sources:
        for _ in range(3):
            await sources.read()
    for name in json.loads(sys.argv[3]):
        __import__(name)
    status = Path("/proc/self/status").read_text()
    rss = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    print(json.dumps({"rss": rss, "loaded": sorted({name.partition(".")[0] for name in sys.modules})}))

asyncio.run(main())
"""
QUIET = {"interfaces": ["lo"], "names": [], "targets": [], "gateway": False}
HEAVY = {"cryptography", "datasketches", "h11", "netaddr", "numpy", "pyrad", "pyroute2", "pysnmp"}


def weighed(folder: Path, chosen: dict[str, Any], *imports: str) -> tuple[float, set[str]]:
    """MiB of a fresh process with these sources, and the libraries that it loaded."""
    command = [sys.executable, "-c", WEIGH, json.dumps(chosen), str(folder), json.dumps(imports)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    return found["rss"], set(found["loaded"])


def test_a_node_without_access_points_loads_none_of_their_libraries(tmp_path: Path) -> None:
    _, loaded = weighed(tmp_path, QUIET)
    assert not loaded & HEAVY


def test_a_node_with_everything_weighs_at_most_80_mb(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kunci-rahasia")
    secret = str(tmp_path / "secret")
    v3 = {"host": "127.0.0.1", "port": 1, "user": "imm", "auth_file": secret, "privacy_file": secret}
    chosen = {
        **QUIET,
        "linux": {},
        "openwrt": [{"name": f"ap-{n}", "address": "http://127.0.0.1:1/ubus"} for n in range(8)],
        "snmp": [{"name": f"v3-{n}", **v3, "patience": 0.5} for n in range(4)],
        "radius": {"port": 0, "clients": [{"name": "hub", "network": "10.0.0.0/8", "secret_file": secret}]},
        "portals": [{"url": "http://127.0.0.1:1/"}],
    }
    also = (
        "cryptography.hazmat.decrepit.ciphers.modes",
        "datasketches",
        "pyrad.packet",
        "pyroute2.netlink.nl80211",
    )
    rss, loaded = weighed(tmp_path / "home", chosen, *also)
    assert loaded >= {"pyrad", "pyroute2", "pysnmp", "h11", "cryptography", "datasketches"}
    assert rss <= 80, f"{rss:.1f} MiB"
