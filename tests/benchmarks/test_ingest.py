"""The benchmark itself: small runs, to see that its figures are there and nothing is lost while measuring."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.brokers.choice import choose
from app.brokers.port import endpoint
from benchmarks import ingest
from tests.fixtures.influx import Influx

FIGURES = {
    "limit_records_per_s",
    "records_per_s",
    "ratio",
    "receipt_ms_p50",
    "receipt_ms_p99",
    "receipt_ms_p99_full",
    "unreceipted",
    "records_per_write",
    "cpu_s_per_million",
    "rss_mb",
    "quiet_records_per_s",
    "quiet_cpu_s_per_million",
}


@contextlib.contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    broker = choose("mosquitto", folder)
    broker.start()
    try:
        yield endpoint(broker, 5).port
    finally:
        broker.stop()


@pytest.mark.system
def test_the_embedded_engine_is_measured(tmp_path: Path) -> None:
    figures = ingest.run("embedded", broker=mosquitto, seconds=1, folder=tmp_path)
    assert figures.keys() == FIGURES
    assert figures["unreceipted"] == 0
    assert all(value > 0 for name, value in figures.items() if name != "unreceipted")


@pytest.mark.long
@pytest.mark.system
def test_influxdb_and_the_peer_are_measured(tmp_path: Path, influx: Influx, influx_bucket: str) -> None:
    server = ingest.Influx(url=influx.url, bucket=influx_bucket, token_file=influx.token_file, org=influx.org)
    figures = ingest.run("influx", broker=mosquitto, seconds=2, influx=server, folder=tmp_path)
    assert figures.keys() == FIGURES | {"peer_records_per_s", "peer_ratio"}
    assert figures["unreceipted"] == 0
    assert figures["peer_records_per_s"] > 0
