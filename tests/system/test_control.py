"""The desk of a running platform has a real agent do and be something, and ends a rollout."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import Platform, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
DEVICE = "kiosk-06"


@pytest.fixture
def agent(platform: Platform, tmp_path: Path) -> Iterator[None]:
    file = tmp_path / "agent.toml"
    file.write_text(
        f'site = "bima"\ndevice = "{DEVICE}"\nperiod = 3600\nprobe = 0\nfarewell = 0.1\n'
        f'[broker]\nport = {platform.port}\nlongest_pause = 0.2\n[spool]\npath = "{tmp_path}/spool.db"\n'
    )
    process = subprocess.Popen([sys.executable, "-m", "edge", "kiosk", "--config", str(file)])
    yield
    process.terminate()
    assert process.wait(timeout=30) == 0


def test_a_kiosk_obeys(platform: Platform, agent: None) -> None:
    words = ("device", "command", "send", DEVICE, "run-diagnostics", "--why", "drill", "--wait", "60")
    done = platform.imm(*words)
    assert (done["state"], done["told"]) == ("done", True)
    assert done["value"]["disk"]["free_bytes"] > 0
    words = ("device", "command", "send", DEVICE, "snapshot", "--why", "drill", "--wait", "60")
    refused = platform.imm(*words, status=1)
    assert (refused["state"], refused["reason"]) == ("refused", "this device cannot do snapshot")

    platform.imm("device", "shadow", "set", DEVICE, "period=60", "volume=5", "--why", "drill")
    settled = until(
        lambda: _differs(platform) == ["volume"] and platform.get(f"/api/v1/devices/{DEVICE}/shadow")
    )
    assert settled["reported"]["values"]["period"] == 60
    assert settled["differences"][0]["reason"] == "refused"

    whom = (
        "--site",
        "bima",
        "--kind",
        "kiosk",
        "--title",
        "drill",
        "--why",
        "drill",
        "--soak",
        "0",
        "--yes",
    )
    begun = platform.imm("device", "rollout", "start", "period=30", *whom)
    assert begun["total"] == 6
    over = until(lambda: _over(platform, begun["id"]))
    assert (over["state"], over["counts"]["matched"]) == ("done", 1)  # the others are not there, and sleep
    assert platform.get(f"/api/v1/devices/{DEVICE}/shadow")["reported"]["values"]["period"] == 30


def _differs(platform: Platform) -> list[str]:
    return [one["key"] for one in platform.get(f"/api/v1/devices/{DEVICE}/shadow")["differences"]]


def _over(platform: Platform, key: str) -> dict[str, object] | None:
    found: dict[str, object] = platform.get(f"/api/v1/rollouts/{key}")
    return found if found["state"] not in {"running", "paused", "rolling-back"} else None
