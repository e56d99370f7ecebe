"""The demo as a newcomer runs it, but headless: real agents, replayed footfall, an alert, an incident."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.ports import free_port

pytestmark = pytest.mark.system


def test_everything_comes_through_and_the_report_says_so(tmp_path: Path) -> None:
    report = tmp_path / "demo.json"
    environment = {
        **os.environ,
        "IMM_DATA": str(tmp_path / "data"),
        "IMM_MQTT__PORT": str(free_port()),
        "IMM_API__PORT": str(free_port()),
    }
    done = subprocess.run(
        [sys.executable, "-m", "app", "demo", "--for", "25", "--report", str(report)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["lost"] == found["duplicated"] == 0
    assert found["stored"] == found["recorded"] > 14_000  # four weeks of 21 points, hour by hour
    assert found["alerts"] >= 1
    assert found["incidents"] >= 1
    assert found["probes"] >= 10
    assert 0 < found["sample_to_incident_ms_p50"] <= found["sample_to_incident_ms_p99"]
    assert "CC BY 4.0" in done.stdout


def test_ctrl_c_ends_it_without_a_trace(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "IMM_DATA": str(tmp_path / "data"),
        "IMM_MQTT__PORT": str(free_port()),
        "IMM_API__PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "app", "demo"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("recorded"):
                break
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=120)
    assert running.returncode == 0, out + errors
    assert "Traceback" not in errors
