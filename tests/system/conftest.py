"""The whole platform as `imm up` starts it, once with each broker: use devices of your own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.ports import free_port
from tests.fixtures.brokers import BOTH

STARTS_WITHIN = 120.0  # seconds
LIMIT = 60.0  # seconds in which an effect must appear
DEVICES = {"kiosk": 6, "wifi": 1}  # of each kind, at the site `bima`
SENSORS = ("taman-udara-1", "gerbang-timur-suhu")  # of third parties: see deploy/mappings
MAPPINGS = Path(__file__).parents[2] / "deploy" / "mappings"
RULES = """
- id: too-hot
  title: { id: Terlalu panas, en: Too hot }
  severity: severe
  select: { kind: kiosk, metrics: [temperature] }
  test: { type: threshold, limit: 90, clear: 80 }
"""


class Platform:
    """A running platform and how clients that are not ours reach it."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder = folder
        self.broker = broker
        self.port = free_port()  # MQTT 5
        self.port_311 = self.port if broker == "mosquitto" else free_port()
        self.api = f"http://127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until every part is well."""
        (self.folder / "rules.yaml").write_text(RULES)
        (self.folder / "roster.toml").write_text(_roster())
        (self.folder / "imm.toml").write_text(
            f"""
            data = "{self.folder / "data"}"
            roster = "{self.folder / "roster.toml"}"
            mqtt.port = {self.port}
            broker.choice = "{self.broker}"
            broker.port_311 = {self.port_311}
            api.port = {self.api.rpartition(":")[2]}
            analytics.rules = ["{self.folder / "rules.yaml"}"]
            alerts.unproven = "act"
            ingest.mappings = ["{MAPPINGS}"]
            """
        )
        log = self.folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", "--config", str(self.folder / "imm.toml"), "up"],
                stdout=out,
                stderr=out,
                env=_environment(),
            )
        limit = time.monotonic() + STARTS_WITHIN
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"the platform did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Stop it in order; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def _ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.api}/readyz", timeout=2)
            return answer.is_success and bool(answer.json()["ok"])
        except httpx.HTTPError:
            return False

    @property
    def key_file(self) -> Path:
        """The key that the platform leaves for its own command line."""
        return self.folder / "data" / "cli.key"

    @property
    def key(self) -> str:
        """By what its API is asked."""
        return self.key_file.read_text().strip()

    def place(self, version: str = "5") -> list[str]:
        """Where Mosquitto's clients find the broker, and which version they speak there."""
        port = self.port_311 if version == "311" else self.port
        return ["-h", "127.0.0.1", "-p", str(port), "-V", version]

    def publish(self, topic: str, payload: object, *options: str, version: str = "5") -> None:
        """`mosquitto_pub`, once, as anyone would call it."""
        message = payload if isinstance(payload, str) else json.dumps(payload)
        command = ["mosquitto_pub", *self.place(version), "-q", "1", "-t", topic, "-m", message, *options]
        subprocess.run(command, check=True, timeout=LIMIT, capture_output=True)

    def get(self, path: str, **params: str) -> Any:
        """What the API answers."""
        known = {"Authorization": f"Bearer {self.key}"}
        answer = httpx.get(f"{self.api}{path}", params=params, headers=known, timeout=LIMIT)
        answer.raise_for_status()
        return answer.json()

    def last(self, device: str, metric: str) -> list[Any]:
        """Newest values of a metric."""
        return [one["value"] for one in self.get("/api/v1/query/last", device=device, metric=metric)]

    def imm(self, *words: str, status: int = 0) -> Any:
        """What a command that asks this platform prints with `--json`, and that it ends so."""
        command = [sys.executable, "-m", "app", *words, "--api", self.api, "--json"]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            timeout=LIMIT,
            text=True,
            env=_environment() | {"IMM_API_KEY": self.key},
        )
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)


def until(condition: Callable[[], Any], limit: float = LIMIT) -> Any:
    """What the condition says once it is true. Fails after the limit."""
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {limit:g} s: {condition}"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session", params=BOTH)
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    folder = Path(tempfile.mkdtemp(prefix="imm-up-"))
    running = Platform(folder, request.param)
    try:
        running.start()
        yield running
    finally:
        status = running.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert status == 0, "it must stop in order"


def _roster() -> str:
    known = [(f"{kind}-{number:02}", kind) for kind, most in DEVICES.items() for number in range(1, most + 1)]
    return "\n".join(
        f'[[device]]\ndevice = "{device}"\nkind = "{kind}"\nsite = "bima"\n'
        f'title = "{device}"\nlongitude = 108.54\nlatitude = -6.74\n'
        for device, kind in (*known, *((device, "sensor") for device in SENSORS))
    )


def _environment() -> dict[str, str]:
    """Ours, without settings that were meant for another platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith("IMM_")}
