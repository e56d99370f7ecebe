"""Starting, stopping and refusing to start, the same for each broker."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from app.brokers import mosquitto
from app.brokers.choice import choose
from app.brokers.embedded import Iotcore
from app.brokers.errors import Failure
from app.brokers.mosquitto import Mosquitto
from app.brokers.port import Broker, endpoint
from app.brokers.process import loopback
from tests.fixtures.brokers import BOTH

pytestmark = pytest.mark.system


def listens(broker: Broker) -> bool:
    for place in broker.endpoints:
        try:
            socket.create_connection((place.host, place.port), timeout=1).close()
        except OSError:
            return False
    return True


def state(broker: Broker) -> tuple[bool, bool]:
    return broker.alive, broker.pid is not None


def test_life(own_broker: Broker) -> None:
    assert state(own_broker) == (True, True)
    assert listens(own_broker)
    assert {endpoint(own_broker, 4).host, endpoint(own_broker, 5).host} == {"127.0.0.1"}
    own_broker.start()  # does nothing
    first = own_broker.pid
    own_broker.kill()
    assert state(own_broker) == (False, False)
    own_broker.start()  # on the same ports
    assert own_broker.pid not in {None, first}
    own_broker.stop()
    assert state(own_broker) == (False, False)
    assert not listens(own_broker)
    own_broker.stop()  # does nothing


def test_death_is_noticed(own_broker: Broker) -> None:
    assert own_broker.pid
    pid = own_broker.pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not own_broker.alive


@pytest.mark.parametrize("name", BOTH)
def test_taken_port_is_told(name: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        broker = choose(name, tmp_path, port=other.getsockname()[1])
        with pytest.raises(Failure, match=r"port \d+ is taken"):
            broker.start()
        assert not broker.alive


def test_broker_that_ends_at_once_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosquitto, "_CONFIG", mosquitto._CONFIG + "no_such_setting 1\n")
    broker = Mosquitto(tmp_path)
    with pytest.raises(Failure, match="no_such_setting"):
        broker.start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "broker.example"])
def test_open_broker_stays_on_this_machine(host: str, tmp_path: Path) -> None:
    for name in BOTH:
        with pytest.raises(Failure, match="will not listen on"):
            choose(name, tmp_path, host=host)


@pytest.mark.parametrize(
    "host, ours", [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)]
)
def test_loopback(host: str, ours: bool) -> None:
    assert loopback(host) == ours


def test_auto_takes_mosquitto_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose("auto", tmp_path).name == "mosquitto"
    monkeypatch.setattr(mosquitto, "find", lambda: None)
    assert choose("auto", tmp_path).name == "iotcore"
    with pytest.raises(Failure, match="not installed"):
        choose("mosquitto", tmp_path).start()
    with pytest.raises(Failure, match="emqx"):
        choose("emqx", tmp_path)


def test_ports_of_iotcore(tmp_path: Path) -> None:
    assert [place.port for place in Iotcore(tmp_path, port=1883).endpoints] == [1883, 1884]
    assert [place.port for place in Iotcore(tmp_path, port=1883, port_311=9).endpoints] == [1883, 9]
