"""Which broker `imm up` brings along."""

from __future__ import annotations

from pathlib import Path

from app.brokers import mosquitto
from app.brokers.embedded import Iotcore
from app.brokers.errors import Failure
from app.brokers.mosquitto import Mosquitto
from app.brokers.port import Broker


def choose(choice: str, folder: Path, *, host: str = "127.0.0.1", port: int = 0, port_311: int = 0) -> Broker:
    """`auto` (Mosquitto where it is installed), `mosquitto` or `iotcore`, which alone needs `port_311`."""
    if choice == "auto":
        choice = "mosquitto" if mosquitto.find() else "iotcore"
    if choice == "mosquitto":
        return Mosquitto(folder, host=host, port=port)
    if choice == "iotcore":
        return Iotcore(folder, host=host, port=port, port_311=port_311)
    raise Failure(f"no broker is called {choice!r}", "unknown name", "choose auto, mosquitto or iotcore")
