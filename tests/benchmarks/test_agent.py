"""A plain agent fits a small machine: measured in a fresh process that finds only what a device would."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.brokers.port import Broker, endpoint
from benchmarks import agent

SPARED = {  # each cost the agent up to some MB, and most agents need none of them
    "cbor2",  # only who speaks CBOR
    "cryptography",  # only who joins or renews
    "email",
    "http.client",
    "lzma",
    "prometheus_client",  # only where somebody scrapes
    "rich",
    "shutil",
    "sysconfig",
    "urllib.request",
    "zoneinfo",  # only who replays
}


@pytest.mark.system
def test_an_agent_is_small(mosquitto: Broker) -> None:
    figures = agent.run(endpoint(mosquitto, 5).port, seconds=12.0)
    assert figures["agent_rss_mb"] <= 32, figures
    assert figures["agent_cpu_percent"] <= 1, figures
    assert figures["agent_start_cpu_s"] < 1, figures
    assert 0 < figures["agent_start_s"] < 10, "on a quiet machine below 1; here others work, too"
    assert figures["wheels_mb"] <= 12, figures


def test_what_was_laid_holds_nothing_of_the_platform(tmp_path: Path) -> None:
    agent.lay(tmp_path / "site", agent.NAME)
    held = {path.name for path in (tmp_path / "site").iterdir()}
    assert {"edge", "runtime", "contracts", "msgspec", "paho"} <= held
    assert not held & {"app", "city", "sqlalchemy", "numpy", "fastapi", "dns"}
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path[:0] = [sys.argv[1]]; import edge.agent",
    ]
    subprocess.run([*command, str(tmp_path / "site")], check=True, cwd=tmp_path)


def test_an_agent_loads_nothing_it_does_not_use(tmp_path: Path) -> None:
    agent.lay(tmp_path / "site", agent.NAME)
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import edge.start, edge.kiosk.build; "
    command = [sys.executable, "-I", "-S", "-c", f"{code}print(*sys.modules)", str(tmp_path / "site")]
    loaded = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True).stdout.split()
    assert not SPARED & set(loaded)


def test_an_extra_brings_what_it_needs() -> None:
    assert "pysnmp" not in agent.needs(agent.NAME)
    assert "pysnmp" in agent.needs(f"{agent.NAME}[wifi]")
