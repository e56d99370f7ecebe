"""Kill everything at random moments: nothing is lost, doubled, or left out of order. Real processes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.chaos import cli

pytestmark = pytest.mark.system
PROCESSES = ("agent", "alerts", "analytics", "api", "broker", "desk", "ingest_w1_1", "ingest_w1_2")
LONG = 200  # rounds


def chaos(rounds: int, folder: Path, report: Path, *options: str) -> dict[str, int]:
    words = ["--rounds", str(rounds), "--keep", str(folder), "--report", str(report), "--json", *options]
    done = CliRunner().invoke(cli.chaos, words, obj=None)
    assert done.exit_code == 0, done.output
    figures: dict[str, int] = json.loads(report.read_text())
    assert figures["kills"] == rounds
    assert figures["alerts"] == figures["peaks_told"] > 0
    assert figures["peaks_told"] + figures["peaks_passed"] == figures["peaks"]
    return figures


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_the_embedded_platform_survives(broker: str, tmp_path: Path) -> None:
    chaos(5, tmp_path, tmp_path / "report.json", "--seed", "7", "--broker", broker)


@pytest.mark.timeout(300)
def test_each_process_on_influxdb_survives(
    tmp_path: Path, influx_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in influx_settings.items():
        monkeypatch.setenv(name, value)
    figures = chaos(10, tmp_path, tmp_path / "report.json", "--seed", "7", "--broker", "mosquitto")
    assert all(figures[f"kills_{name}"] for name in PROCESSES)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_the_embedded_platform_survives_for_long(broker: str, tmp_path: Path, reports: Path) -> None:
    chaos(LONG, tmp_path, reports / f"chaos-embedded-{broker}.json", "--seed", "1", "--broker", broker)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_each_process_on_influxdb_survives_for_long(
    tmp_path: Path, reports: Path, influx_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in influx_settings.items():
        monkeypatch.setenv(name, value)
    chaos(LONG, tmp_path, reports / "chaos-influx.json", "--seed", "1", "--broker", "mosquitto")
