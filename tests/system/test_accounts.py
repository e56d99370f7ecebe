"""Every process at a broker with accounts: each has what it needs, and a device's samples are receipted."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.brokers.access import Access
from app.brokers.mosquitto import Mosquitto
from contracts.access import Role, account
from contracts.topics import Device, Kind
from devices.broker import seed, state
from devices.broker.port import Account
from runtime.ports import free_port
from tests.fixtures.influx import Influx

pytestmark = [pytest.mark.system, pytest.mark.long]

LIMIT = 120.0  # seconds until every process is well
KIOSK = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
PARTS = (Role.INGEST, Role.ANALYTICS, Role.ALERTS, Role.DESK, Role.API)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    want = state.joined([state.platform(), state.own(Account(device=KIOSK))])
    passwords = {name: f"of {name}" for name in want.clients}
    for name, password in passwords.items():
        (tmp_path / name).write_text(password)
    access = Access(seed=seed.document(want, passwords, secrets.token_bytes))
    found = Mosquitto(tmp_path / "broker", access=access)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def running(
    broker: Mosquitto, influx: Influx, influx_bucket: str, tmp_path: Path, root: Path
) -> Iterator[dict[str, int]]:
    """Processes by role, each with its account → the port where it tells how it fares."""
    (tmp_path / "roster.toml").write_text('[[device]]\ndevice = "kiosk-1"\nkind = "kiosk"\nsite = "bima"\n')
    config = tmp_path / "imm.toml"
    config.write_text(
        f"""
        data = "{tmp_path / "data"}"
        roster = "{tmp_path / "roster.toml"}"
        mqtt.port = {broker.endpoints[0].port}
        broker.choice = "external"
        broker.access = "accounts"
        ingest.mappings = ["{root / "deploy" / "mappings"}"]
        store.engine = "influx"
        store.influx.url = "{influx.url}"
        store.influx.org = "{influx.org}"
        store.influx.bucket = "{influx_bucket}"
        store.influx.token_file = "{influx.token_file}"
        """
    )
    imm = [sys.executable, "-m", "app", "--config", str(config)]
    subprocess.run([*imm, "migrate"], check=True, capture_output=True, timeout=LIMIT)
    ports = {str(part): free_port() for part in PARTS}
    children = []
    for part, port in ports.items():
        name = account(Role(part))
        told = {"USERNAME": name, "PASSWORD_FILE": str(tmp_path / name)}
        where = "IMM_API__PORT" if part == "api" else "IMM_MONITOR__PORT"
        env = {**os.environ, where: str(port), **{f"IMM_MQTT__{key}": value for key, value in told.items()}}
        with (tmp_path / f"{part}.log").open("wb") as log:
            children.append(subprocess.Popen([*imm, "run", part], stdout=log, stderr=log, env=env))
    yield ports
    for child in children:
        child.terminate()
    for child in children:
        child.wait(30)


def unwell(port: int) -> list[dict[str, object]] | str:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
    except httpx.HTTPError as error:
        return repr(error)
    return [part for part in answer.json()["parts"] if not part["ok"]]


def test_every_process_is_well_and_a_device_is_receipted(
    broker: Mosquitto, running: dict[str, int], tmp_path: Path
) -> None:
    end = time.monotonic() + LIMIT
    while wrong := {part: found for part, port in running.items() if (found := unwell(port))}:
        assert time.monotonic() < end, wrong
        time.sleep(0.1)
    agent = tmp_path / "agent.toml"
    agent.write_text(
        f'site = "bima"\ndevice = "kiosk-1"\nperiod = 0.5\nprobe = 0\ntally = 1\n'
        f'broker.port = {broker.endpoints[0].port}\nbroker.username = "kiosk-1"\n'
        f'broker.password_file = "{tmp_path / "kiosk-1"}"\nspool.path = "{tmp_path / "spool.db"}"\n'
    )
    command = [sys.executable, "-m", "edge", "kiosk", "--config", str(agent)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        try:
            until = time.monotonic() + LIMIT
            while not receipts(running["ingest"]):
                assert time.monotonic() < until
                time.sleep(0.2)
        finally:
            process.terminate()
    for part in PARTS:
        log = (tmp_path / f"{part}.log").read_text()
        said = log.rpartition("connected to")[
            2
        ]  # before, ingest waits for the desk to open the mapped topics
        assert "refused" not in said, log
        assert "Not authorized" not in said, log


def receipts(port: int) -> float:
    """How many ingest sent."""
    figures = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=2).text
    lines = [line for line in figures.splitlines() if line.startswith("imm_ingest_receipts_total")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)
