"""A real Mosquitto with our configuration and accounts of deploy/prepare.py: who may say and hear what."""

import queue
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from tests.deploy.brokers import LIMIT, configured, prepared


class Client:
    """One connection, of an account or of nobody."""

    def __init__(self, port: int, name: str = "", password: str = "", client_id: str = "") -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
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

    def subscribe(self, topic: str) -> bool:
        """Whether the broker grants it."""
        self._client.subscribe(topic, qos=1)
        return not self._acks.get(timeout=LIMIT).is_failure

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


Connect = Callable[[str], Client]


@pytest.fixture(scope="module")
def secrets(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(root, tmp_path_factory.mktemp("deploy"))


@pytest.fixture(scope="module")
def broker(root: Path, secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Mosquitto that runs our configuration."""
    with configured(root, secrets, tmp_path_factory.mktemp("mosquitto")) as port:
        yield port


@pytest.fixture
def connect(broker: int, secrets: Path) -> Iterator[Connect]:
    clients: list[Client] = []

    def start(name: str) -> Client:
        client = Client(broker, name, (secrets / f"mqtt-{name}").read_text().strip(), name)
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def kiosk(broker: int, secrets: Path) -> Iterator[Client]:
    """A device that only writes."""
    client = Client(broker, "kiosk-1", (secrets / "mqtt-kiosk-1").read_text().strip(), "kiosk-1")
    yield client
    client.close()


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
    device, ingest, alerts = connect("wifi-1"), connect("imm.ingest"), connect("imm.alerts")
    for topic in ("#", "imm/v1/bima/wifi/wifi-1/+", "imm/v1/kejaksan/alert/+", "imm/v1/bima/roster/+"):
        assert not device.subscribe(topic)
    for topic in ("imm/v1/bima/alert/+", "imm/v1/bima/wifi/wifi-1/receipt"):
        assert device.subscribe(topic)
    for writer, topic in [
        (ingest, "imm/v1/bima/kiosk/kiosk-1/receipt"),
        (alerts, "imm/v1/kejaksan/alert/far"),
        (alerts, "imm/v1/bima/judgement/analytics/receipt"),
        (alerts, "imm/v1/bima/alert/near"),
        (ingest, "imm/v1/bima/wifi/wifi-1/receipt"),
    ]:
        assert writer.publish(topic), topic
    heard = {device.messages.get(timeout=LIMIT) for _ in range(2)}
    assert heard == {"imm/v1/bima/alert/near", "imm/v1/bima/wifi/wifi-1/receipt"}
    assert device.messages.empty()


def test_ingest_hears_every_device_through_its_shared_subscription(connect: Connect) -> None:
    ingest = connect("imm.ingest")
    assert ingest.subscribe("$share/ingest/imm/v1/+/+/+/telemetry")
    assert not ingest.subscribe("$share/ingest/imm/v1/#")
    for device, topic in [
        ("wifi-1", "imm/v1/bima/wifi/wifi-1/telemetry"),
        ("kiosk-9", "imm/v1/kejaksan/kiosk/kiosk-9/telemetry"),
    ]:
        assert connect(device).publish(topic)
        assert ingest.messages.get(timeout=LIMIT) == topic


def test_analytics_tells_of_its_losses_at_each_site_and_hears_that_they_are_kept(connect: Connect) -> None:
    analytics, ingest = connect("imm.analytics"), connect("imm.ingest")
    for site in ("bima", "kejaksan"):
        assert analytics.publish(f"imm/v1/{site}/city/analytics/event")
        assert not analytics.publish(f"imm/v1/{site}/kiosk/kiosk-1/event")
        assert analytics.subscribe(f"imm/v1/{site}/city/analytics/receipt")
        assert ingest.publish(f"imm/v1/{site}/city/analytics/receipt")
        assert analytics.messages.get(timeout=LIMIT) == f"imm/v1/{site}/city/analytics/receipt"


@pytest.mark.parametrize("name, client_id", [("kiosk-1", "kiosk-1"), ("wifi-1", "kiosk-1"), ("", "")])
def test_who_does_not_prove_who_he_is_is_refused(
    broker: int, secrets: Path, name: str, client_id: str
) -> None:
    password = (
        (secrets / "mqtt-wifi-1").read_text().strip()
    )  # right for wifi-1, which is bound to its client id
    client = Client(broker, name, password, client_id)
    assert client.connected == ReasonCode(PacketTypes.CONNACK, "Not authorized")
    client.close()


def test_the_health_question_is_answered_and_its_account_hears_nothing_else(
    broker: int, root: Path, secrets: Path, connect: Connect
) -> None:
    """What docker-compose.yml asks."""
    compose = yaml.safe_load((root / "docker-compose.yml").read_text())
    how, question = compose["services"]["broker"]["healthcheck"]["test"]
    assert how == "CMD-SHELL"
    question = question.replace("$$", "$").replace("1883", str(broker))
    question = question.replace("/mosquitto/secrets/health", str(secrets / "mqtt-imm.health"))
    answer = subprocess.run(["sh", "-c", question], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert "seconds" in answer.stdout
    health = connect("imm.health")
    assert not health.subscribe("$SYS/#")
    assert not health.subscribe("imm/#")
    assert not health.publish("imm/v1/bima/kiosk/kiosk-1/telemetry")


def test_the_broker_starts_with_the_accounts_and_keeps_its_own(
    root: Path, secrets: Path, tmp_path: Path
) -> None:
    """The command of docker-compose.yml, up to the program itself."""
    compose = yaml.safe_load((root / "docker-compose.yml").read_text())
    *shell, line = compose["services"]["broker"]["command"]
    line = line.replace("/mosquitto/secrets/accounts", str(secrets / "mosquitto-accounts"))
    line = line.replace("/mosquitto/data", str(tmp_path)).replace("exec mosquitto", "exec echo")
    kept = tmp_path / "dynamic-security.json"
    subprocess.run([*shell, line], check=True, capture_output=True)
    assert kept.read_bytes() == (secrets / "mosquitto-accounts").read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text("{}")
    subprocess.run([*shell, line], check=True, capture_output=True)
    assert kept.read_text() == "{}"


def test_secrets_are_kept_and_closed_to_others(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o077 == 0
    accounts = (secrets / "mosquitto-accounts").read_text()
    assert (secrets / "mqtt-kiosk-1").read_text().strip() not in accounts
    assert len({(secrets / f"mqtt-{name}").read_text() for name in ("kiosk-1", "wifi-1", "imm.ingest")}) == 3
