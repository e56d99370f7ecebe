"""Clients that nobody here wrote: what a technician or an integrator would first try."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from contracts.instants import HOUR, to_datetime, to_rfc3339
from contracts.series import Block, Series
from contracts.topics import Kind
from runtime.clock import System
from runtime.ports import free_port
from store.influx.engine import Engine
from store.influx.http import Server
from store.settings import Influx as Settings
from tests.fixtures.influx import Influx
from tests.system.conftest import LIMIT, Platform, until

pytestmark = pytest.mark.system
Event = dict[str, Any]


def _topic(device: str, channel: str = "telemetry") -> str:
    return f"imm/v1/bima/{device.partition('-')[0]}/{device}/{channel}"


def test_mosquitto_pub_with_mqtt_311(platform: Platform) -> None:
    pack = [{"n": "cpu.utilization", "u": "/", "v": 0.42}, {"n": "temperature_cpu", "u": "Cel", "v": 51.5}]
    platform.publish(_topic("kiosk-01"), pack, version="311")
    until(lambda: platform.last("kiosk-01", "cpu.utilization") == [0.42])
    until(lambda: platform.last("kiosk-01", "temperature") == [51.5])


def test_mosquitto_pub_with_mqtt_5_gets_its_receipt(platform: Platform) -> None:
    properties = {"stream": "kiosk-02/telemetry", "epoch": "1700000000000000", "seq": "1"}
    options = [word for pair in properties.items() for word in ("-D", "publish", "user-property", *pair)]
    once = ["-t", _topic("kiosk-02", "receipt"), "-C", "1", "-W", str(round(LIMIT))]
    hearer = subprocess.Popen(["mosquitto_sub", *platform.place(), *once], stdout=subprocess.PIPE)
    with hearer:
        while hearer.poll() is None:  # as an agent does: sent again until there is a receipt
            platform.publish(
                _topic("kiosk-02"),
                [{"n": "cpu.utilization", "u": "/", "v": 0.43, "t": 1_790_000_000}],
                *options,
                *("-D", "publish", "content-type", "application/senml+json"),
            )
        assert hearer.stdout is not None
        receipt = json.loads(hearer.stdout.read())
    assert receipt["stream"] == "kiosk-02/telemetry"
    assert receipt["ranges"] == [[1, 1]]
    until(lambda: platform.last("kiosk-02", "cpu.utilization") == [0.43])


@pytest.mark.parametrize("version", ["311", "5"])
def test_what_is_malformed_is_a_dead_letter_with_a_reason(platform: Platform, version: str) -> None:
    payload = f'[{{"n": "cpu.utilization", "v": "{version}"}}]'
    platform.publish(_topic("kiosk-03"), payload, version=version)

    def letters() -> list[Event]:
        return [one for one in platform.imm("deadletter", "list") if version in str(one["value"])]

    (letter,) = until(letters)
    assert letter["device"] == "kiosk-03"
    assert letter["field"] == "v"
    assert letter["reason"]
    assert not platform.last("kiosk-03", "cpu.utilization")


def test_third_parties_are_read_as_they_speak(platform: Platform) -> None:
    platform.publish("sensors/taman-udara-1/humidity", "64.5", version="311")
    seen = to_rfc3339(System().now())
    state = {"temperature": 30.06, "battery": 97, "contact": False, "last_seen": seen}
    platform.publish("zigbee2mqtt/Gerbang Timur", state)
    local = to_datetime(System().now() + 7 * HOUR).isoformat(timespec="seconds").removesuffix("+00:00")
    telemetry = {"Time": local, "AM2301": {"Temperature": 29.4}, "TempUnit": "C"}
    platform.publish("tele/tasmota_4F2A71/SENSOR", telemetry, version="311")
    until(lambda: platform.last("taman-udara-1", "humidity") == [64.5])
    until(lambda: platform.last("gerbang-timur-suhu", "temperature") == [30.06])
    until(lambda: platform.last("gerbang-timur-suhu", "door.open") == [True])
    until(lambda: platform.last("taman-udara-1", "temperature") == [29.4])
    platform.publish("zigbee2mqtt/Pintu Barat", state)  # known to nobody
    until(lambda: [one for one in platform.imm("deadletter", "list") if "Pintu Barat" in one["value"]])


def test_curl_resumes_the_stream_of_events(platform: Platform) -> None:
    with _curl(platform, "after=0", "types=alert.*") as events:
        platform.publish(_topic("kiosk-04"), [{"n": "temperature", "u": "Cel", "v": 95}])
        position, firing = next(one for one in events if _about(one[1], "kiosk-04"))
    assert firing["specversion"] == "1.0"
    assert firing["type"].endswith(".alert.firing")
    assert firing["data"]["rule"] == "too-hot"
    assert firing["data"]["evidence"]["value"] == 95.0
    platform.publish(_topic("kiosk-04"), [{"n": "temperature", "u": "Cel", "v": 40}])  # nobody listens
    until(lambda: _state(platform, firing["data"]["id"]) == "resolved")
    with _curl(platform, "types=alert.*", resume=position) as events:
        _, resolved = next(one for one in events if _about(one[1], "kiosk-04"))
    assert resolved["type"].endswith(".alert.resolved")
    assert resolved["data"]["id"] == firing["data"]["id"]


def _about(event: Event, device: str) -> bool:
    return bool(event["data"].get("device") == device)


def _state(platform: Platform, alert: str) -> str:
    return str(platform.get(f"/api/v1/alerts/{alert}")["alert"]["state"])


class _curl:  # noqa: N801 - reads as the command it is
    """`curl -N` on the stream of events; gives (position, CloudEvent), and ends after the limit."""

    def __init__(self, platform: Platform, *query: str, resume: str = "") -> None:
        headers = ["-H", f"Authorization: Bearer {platform.key}"]
        headers += ["-H", f"Last-Event-ID: {resume}"] if resume else []
        url = f"{platform.api}/api/v1/events?{'&'.join(query)}"
        command = ["curl", "--silent", "--no-buffer", "--max-time", str(round(LIMIT)), *headers, url]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Iterator[tuple[str, Event]]:
        return self._events()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _events(self) -> Iterator[tuple[str, Event]]:
        assert self._process.stdout is not None
        fields: dict[str, str] = {}
        for line in self._process.stdout:
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield fields["id"], json.loads(fields["data"])
                fields = {}


@pytest.mark.parametrize("platform", ["mosquitto"], indirect=True)
def test_prometheus_scrapes_figures(platform: Platform, tmp_path: Path) -> None:
    target = urlsplit(platform.api).netloc
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {
                "job_name": "imm",
                "authorization": {"credentials_file": str(platform.key_file)},
                "static_configs": [{"targets": [target]}],
            }
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
    ]
    platform.publish(_topic("wifi-01"), [{"n": "wifi.clients", "u": "count", "v": 12}])
    until(lambda: platform.last("wifi-01", "wifi.clients") == [12.0])
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until(lambda: _series(address, 'up{job="imm"}') == [1.0])
            stored = until(lambda: _series(address, "sum(imm_ingest_records_total)"))
            assert stored[0] >= 1
            metadata = _prometheus(address, "metadata", metric="imm_ingest_write_seconds")
            assert metadata["imm_ingest_write_seconds"][0]["type"] == "histogram"
            (scraped,) = _prometheus(address, "targets")["activeTargets"]
            assert scraped["lastError"] == ""
        finally:
            process.terminate()


def _series(address: str, query: str) -> list[float]:
    try:
        return [float(one["value"][1]) for one in _prometheus(address, "query", query=query)["result"]]
    except httpx.TransportError:  # it is still starting
        return []


def _prometheus(address: str, path: str, **params: str) -> Any:
    answer = httpx.get(f"http://{address}/api/v1/{path}", params=params, timeout=LIMIT)
    return answer.json()["data"] if answer.is_success else {"result": []}


def test_the_influx_shell_reads_what_our_engine_wrote(influx: Influx, influx_bucket: str) -> None:
    settings = Settings(url=influx.url, token_file=influx.token_file, org=influx.org, bucket=influx_bucket)
    engine = Engine(Server(settings), System())
    block, now = Block(), System().now()
    place = {"site": "bima", "kind": Kind.KIOSK, "device": "kiosk-01"}
    block.append(Series(**place, metric="temperature", instance="cpu", unit="Cel"), now, 51.5)  # type: ignore[arg-type]
    block.append(Series(**place, metric="note"), now, 'a "quoted" word')  # type: ignore[arg-type]
    engine.write(block)
    engine.close()
    where = urlsplit(influx.url)
    statement = (
        'SELECT v, instance, unit FROM "temperature"; SELECT vs FROM "note" WHERE device = \'kiosk-01\''
    )
    done = subprocess.run(
        [
            "influx",
            *("-host", str(where.hostname), "-port", str(influx.native or where.port)),
            *("-username", "any", "-password", influx.token),
            *("-database", influx_bucket, "-precision", "u", "-format", "json", "-execute", statement),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    numbers, texts = (result["series"][0]["values"] for result in json.loads(done.stdout)["results"])
    assert numbers == [[now, 51.5, "cpu", "Cel"]]
    assert texts == [[now, 'a "quoted" word']]
