"""A real Mosquitto with our configuration and the lists of deploy/prepare.py: who may say and hear what."""

import queue
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from runtime.ports import free_port

LIMIT = 30.0  # seconds until something must have happened
ROSTER = """
[[device]]
device = "kiosk-1"
kind = "kiosk"
site = "bima"

[[device]]
device = "wifi-1"
kind = "wifi"
site = "bima"

[[device]]
device = "kiosk-9"
kind = "kiosk"
site = "kejaksan"
"""


class Client:
    """One connection, of an account or of nobody."""

    def __init__(self, port: int, name: str = "", password: str = "") -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if name:
            self._client.username_pw_set(name, password)
        self._acks: queue.Queue[ReasonCode] = queue.Queue()
        self.messages: queue.Queue[str] = queue.Queue()
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._acks.put(reason)
        self._client.on_publish = lambda _c, _u, _m, reason, _p: self._acks.put(reason)
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._acks.put(reasons[0])
        self._client.on_message = lambda _c, _u, message: self.messages.put(message.topic)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.connected = self._acks.get(timeout=LIMIT)

    def publish(self, topic: str) -> bool:
        """Whether the broker accepts a message; a connection that breaks instead fails the test."""
        self._client.publish(topic, b"{}", qos=1)
        answer = self._acks.get(timeout=LIMIT)
        assert answer.packetType == PacketTypes.PUBACK
        return not answer.is_failure

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)
        assert not self._acks.get(timeout=LIMIT).is_failure

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


Connect = Callable[[str], Client]


@pytest.fixture(scope="module")
def secrets(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy")
    target = folder / "secrets"
    roster = folder / "roster.toml"
    roster.write_text(ROSTER)
    command = [sys.executable, "deploy/prepare.py", "--roster", str(roster), "--into", str(target)]
    for _ in range(2):  # the second time keeps the secrets of the first
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def ports(root: Path, secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The two ports of a Mosquitto that runs our configuration, with its paths moved to ours."""
    folder = tmp_path_factory.mktemp("mosquitto")
    (folder / "conf.d").mkdir()
    shutil.copy(root / "deploy/mosquitto/health-access", folder)
    port, health = free_port(), free_port()
    text = (root / "deploy/mosquitto/mosquitto.conf").read_text()
    for inside, here in {
        "/mosquitto/data": folder,
        "/mosquitto/config": folder,
        "/mosquitto/secrets/passwords": secrets / "mosquitto-passwords",
        "/mosquitto/secrets/access": secrets / "mosquitto-access",
        "listener 1883": f"listener {port} 127.0.0.1\nsocket_domain ipv4",
        "listener 1880 127.0.0.1": f"listener {health} 127.0.0.1",
    }.items():
        assert inside in text
        text = text.replace(inside, str(here))
    (folder / "mosquitto.conf").write_text("user root\n" + text)
    with _running(["mosquitto", "-c", str(folder / "mosquitto.conf")]):
        _wait_for(port)
        _wait_for(health)
        yield port, health


@pytest.fixture
def broker(ports: tuple[int, int]) -> int:
    """The port for devices and processes."""
    return ports[0]


@pytest.fixture
def connect(broker: int, secrets: Path) -> Iterator[Connect]:
    clients: list[Client] = []

    def start(name: str) -> Client:
        client = Client(broker, name, (secrets / f"mqtt-{name}").read_text().strip())
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def kiosk(ports: tuple[int, int], secrets: Path) -> Iterator[Client]:
    """A device that only writes."""
    client = Client(ports[0], "kiosk-1", (secrets / "mqtt-kiosk-1").read_text().strip())
    yield client
    client.close()


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    path = shutil.which(command[0], path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert path, f"{command[0]} is not installed: run tests/servers as root"
    with subprocess.Popen(
        [path, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(LIMIT)


@retry(
    retry=retry_if_exception_type(OSError), stop=stop_after_delay(LIMIT), wait=wait_fixed(0.05), reraise=True
)
def _wait_for(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()


@pytest.mark.parametrize("channel", ["telemetry", "event", "frame", "status", "result", "shadow/reported"])
def test_a_device_writes_its_own_channels(kiosk: Client, channel: str) -> None:
    assert kiosk.publish(f"imm/v1/bima/kiosk/kiosk-1/{channel}")


@pytest.mark.parametrize(
    "topic",
    [
        "imm/v1/bima/kiosk/kiosk-1/receipt",
        "imm/v1/bima/kiosk/kiosk-1/command",
        "imm/v1/bima/kiosk/kiosk-1/shadow/desired",
        "imm/v1/bima/kiosk/kiosk-1/telemetry/more",
        "imm/v1/bima/kiosk/kiosk-1/invented",
        "imm/v1/bima/wifi/kiosk-1/telemetry",
        "imm/v1/kejaksan/kiosk/kiosk-1/telemetry",
        "imm/v1/bima/wifi/wifi-1/telemetry",
        "imm/v1/bima/alert/a1",
        "imm/v1/bima/judgement/kiosk-1",
        "imm/v1/platform/kiosk-1/feed",
    ],
)
def test_a_device_writes_nothing_else(kiosk: Client, topic: str) -> None:
    assert not kiosk.publish(topic)


def test_a_device_hears_its_own_and_its_sites(connect: Connect) -> None:
    device, ingest, alerts = connect("kiosk-1"), connect("ingest"), connect("alerts")
    device.subscribe("#")  # granted by the broker, and filtered when it delivers
    for writer, topic in [
        (ingest, "imm/v1/bima/wifi/wifi-1/receipt"),
        (alerts, "imm/v1/kejaksan/alert/far"),
        (alerts, "imm/v1/bima/judgement/analytics/receipt"),
        (alerts, "imm/v1/bima/alert/near"),
        (ingest, "imm/v1/bima/kiosk/kiosk-1/receipt"),
    ]:
        assert writer.publish(topic), topic
    heard = {device.messages.get(timeout=LIMIT) for _ in range(2)}
    assert heard == {"imm/v1/bima/alert/near", "imm/v1/bima/kiosk/kiosk-1/receipt"}
    assert device.messages.empty()


def test_ingest_hears_every_device_through_its_shared_subscription(connect: Connect) -> None:
    ingest = connect("ingest")
    ingest.subscribe("$share/ingest/imm/v1/+/+/+/telemetry")
    for device, topic in [
        ("kiosk-1", "imm/v1/bima/kiosk/kiosk-1/telemetry"),
        ("kiosk-9", "imm/v1/kejaksan/kiosk/kiosk-9/telemetry"),
    ]:
        assert connect(device).publish(topic)
        assert ingest.messages.get(timeout=LIMIT) == topic


def test_analytics_tells_of_its_losses_at_each_site_and_hears_that_they_are_kept(connect: Connect) -> None:
    analytics, ingest = connect("analytics"), connect("ingest")
    for site in ("bima", "kejaksan"):
        assert analytics.publish(f"imm/v1/{site}/city/analytics/event")
        assert not analytics.publish(f"imm/v1/{site}/kiosk/kiosk-1/event")
        analytics.subscribe(f"imm/v1/{site}/city/analytics/receipt")
        assert ingest.publish(f"imm/v1/{site}/city/analytics/receipt")
        assert analytics.messages.get(timeout=LIMIT) == f"imm/v1/{site}/city/analytics/receipt"


def test_a_wrong_password_is_refused(broker: int) -> None:
    client = Client(broker, "kiosk-1", "guess")
    assert client.connected == ReasonCode(PacketTypes.CONNACK, "Not authorized")
    client.close()


def test_the_health_question_is_answered(ports: tuple[int, int], root: Path) -> None:
    """What docker-compose.yml asks, at the listener that only answers it."""
    compose = yaml.safe_load((root / "docker-compose.yml").read_text())
    _, *question = [word.replace("$$", "$") for word in compose["services"]["broker"]["healthcheck"]["test"]]
    question[question.index("-p") + 1] = str(ports[1])
    answer = subprocess.run(question, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert "seconds" in answer.stdout


def test_the_health_listener_answers_nothing_else(ports: tuple[int, int], connect: Connect) -> None:
    anyone = Client(ports[1])
    anyone.subscribe("imm/#")
    assert not anyone.publish("imm/v1/bima/kiosk/kiosk-1/telemetry")
    assert connect("kiosk-1").publish("imm/v1/bima/kiosk/kiosk-1/telemetry")
    anyone.subscribe("$SYS/broker/uptime")
    assert anyone.messages.get(timeout=LIMIT) == "$SYS/broker/uptime"
    anyone.close()


def test_secrets_are_kept_and_closed_to_others(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o077 == 0
    passwords = (secrets / "mosquitto-passwords").read_text()
    assert (secrets / "mqtt-kiosk-1").read_text().strip() not in passwords
    assert len({(secrets / f"mqtt-{name}").read_text() for name in ("kiosk-1", "wifi-1", "ingest")}) == 3
