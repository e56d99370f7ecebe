"""A real agent on a real broker, with keys over real TLS: nothing that leaves it, or stays, names anybody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import datasketches
import pytest
from prometheus_client import CollectorRegistry

from app.brokers.port import Broker, endpoint
from contracts import batches, senml, sketches
from contracts.series import Block, Data
from contracts.sketches import Subject
from contracts.topics import Device, Kind
from devices.sitekeys.holder import Holder, context
from devices.sitekeys.keyring import Keyring
from devices.sitekeys.limits import Limits
from runtime import ids, mqtt
from runtime.clock import System
from tests.devices.sitekeys.people import City
from tests.edge.visitors.crowd import MACS, NAMES, RANDOM, SECRET, traces
from tests.fixtures.far import LIMIT, Far, until

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[3]


class Gate:
    """Admits one device."""

    def __init__(self, device: Device, fingerprint: str) -> None:
        self.device = device
        self.fingerprint = fingerprint
        self.admitted = 0

    def admit(self, fingerprint: str) -> Device:
        assert fingerprint == self.fingerprint
        self.admitted += 1
        return self.device


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for process in found:
        process.kill()
        process.wait()


async def test_an_agent_that_counts_names_nobody(
    mosquitto: Broker, tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    site = f"s{ids.uuid7(System())[-12:]}"
    node = Device(site=site, kind=Kind.WIFI, device="w1")
    clock, city = System(), City(tmp_path, System().now())
    mine, theirs = city.device("w1"), city.server()
    gate = Gate(node, mine.fingerprint)
    keyring = Keyring(clock, ahead=60, draw=lambda _: SECRET)
    holder = Holder(keyring, gate, Limits(clock, per_hour=60), most=4, registry=CollectorRegistry())
    trust = context(str(theirs.certificate), str(theirs.key), city.trusted)
    home = tmp_path / "home"
    home.mkdir()
    port = endpoint(mosquitto, 5).port
    async with (
        await holder.listen(trust, "127.0.0.1", 0) as server,
        mqtt.Client(mqtt.Settings(port=port), client_id=f"{site}-far") as client,
    ):
        far = Far(client, site)
        await client.wait_connected(LIMIT)
        file = tmp_path / "w1.toml"
        file.write_text(
            f'site = "{site}"\ndevice = "w1"\nperiod = 0.5\nprobe = 0\nfarewell = 30\n'
            f'[broker]\nport = {port}\n[spool]\npath = "{home}/spool.db"\n'
            f'[visitors]\nhost = "localhost"\nport = {server.sockets[0].getsockname()[1]}\n'
            f'ca_file = "{city.ca}"\ncert_file = "{mine.certificate}"\nkey_file = "{mine.key}"\n'
        )
        with (tmp_path / "err").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.edge.visitors.node", str(file)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=errors,
            )
        started.append(process)
        await until(lambda: gate.admitted > 0 and process.poll() is None)
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        began = time.monotonic()
        await until(lambda: len(far.payloads) > 6 and time.monotonic() > began + 3)
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None)
        assert process.returncode == 0, (tmp_path / "err").read_text()
        await until(lambda: any(sketches.within(payload) for payload in far.payloads))
    log = (tmp_path / "err").read_bytes()
    assert traces(b"".join(far.payloads)) == []
    assert traces(log) == []
    assert traces(b"".join(one.read_bytes() for one in home.rglob("*") if one.is_file())) == []
    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core")]
    assert core[4:6] == ["0", "0"]
    block = Block()
    for payload in far.payloads:
        if sketches.within(payload):
            senml.decode(payload, batches.JSON, node, now=clock.now(), block=block)
    found = {
        one.subject: one
        for _, _, value in block.rows()
        if isinstance(value, Data)
        for one in [sketches.decode(value)]
    }
    counted = {
        subject: round(datasketches.hll_sketch.deserialize(one.body).get_estimate())
        for subject, one in found.items()
    }
    assert counted == {Subject.STATIONS: len(MACS) + len(RANDOM), Subject.USERS: len(NAMES)}
