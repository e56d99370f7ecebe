"""The figures that are committed: ingest on both engines beside a peer, a store of 100 million samples."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.bench import bench as command
from tests.fixtures.influx import Influx

pytestmark = [pytest.mark.long, pytest.mark.system, pytest.mark.timeout(3_600)]
ROWS = 100_000_000


def bench(*words: str) -> None:
    done = CliRunner().invoke(command, words, obj=None, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_ingest_on_both_engines(reports: Path, influx: Influx, influx_bucket: str) -> None:
    report = reports / "bench-ingest.json"
    server = ["--influx-url", influx.url, "--influx-bucket", influx_bucket]
    bench("ingest", "--report", str(report), *server, "--influx-token-file", str(influx.token_file))
    figures = json.loads(report.read_text())
    assert figures["embedded"]["unreceipted"] == figures["influx"]["unreceipted"] == 0
    assert figures["influx"]["peer_records_per_s"] > 0


def test_a_store_of_a_hundred_million(reports: Path) -> None:
    report = reports / "bench-store.json"
    bench("store", "--rows", str(ROWS), "--report", str(report))
    assert json.loads(report.read_text())["embedded"]["rows"] == ROWS


def test_visitors_on_two_hundred_days(reports: Path) -> None:
    report = reports / "bench-visitors.json"
    bench("visitors", "--report", str(report))
    figures = json.loads(report.read_text())["embedded"]
    assert (figures["runs"], figures["visitors"], figures["nodes"]) == (200, 100_000, 5)
    assert figures["error_p95"] <= 0.02
    assert figures["wifi_counting_rss_mb"] <= 80


def test_the_city_on_both_databases(reports: Path) -> None:
    report = reports / "bench-city.json"
    bench("city", "--report", str(report))
    figures = json.loads(report.read_text())
    for database in ("sqlite", "postgresql"):
        assert figures[database]["clocks_pending"] == 1_000_000
        assert figures[database]["deliver_slow_taken"] > 0


def test_two_thousand_devices_come_back(reports: Path) -> None:
    report = reports / "bench-devices.json"
    bench("devices", "--report", str(report))
    figures = json.loads(report.read_text())
    assert (figures["devices"], figures["lost"], figures["duplicated"]) == (2_000, 0, 0)
    assert figures["reconnect_s"] < 30
