"""The platform's processes as children of `imm up`: one on the embedded store, one a part on InfluxDB."""

from __future__ import annotations

import sys
from pathlib import Path

from app.brokers.port import Broker, endpoint
from app.processes.supervisor import Child
from app.settings import Settings

PARTS = ("alerts", "analytics", "desk", "api")


def children(settings: Settings, broker: Broker | None, config: Path | None) -> list[Child]:
    """Broker first, then what connects to it."""
    if settings.store.engine == "embedded":
        return [*_broker(broker), _child("platform", "all-in-one", settings, broker, config)]
    workers = [
        _child(f"ingest-{number}", "ingest", settings, broker, config, worker=f"{settings.worker}-{number}")
        for number in range(1, settings.workers + 1)
    ]
    return [
        *_broker(broker),
        *workers,
        *(_child(part, part, settings, broker, config) for part in PARTS),
    ]


def _broker(broker: Broker | None) -> list[Child]:
    return [Child(name="broker", command=broker.prepare())] if broker else []


def _child(
    name: str, role: str, settings: Settings, broker: Broker | None, config: Path | None, *, worker: str = ""
) -> Child:
    environment = {"IMM_DATA": str(settings.data)}
    if worker:
        environment["IMM_WORKER"] = worker
    if broker:
        place = endpoint(broker, settings.mqtt.protocol)
        environment |= {"IMM_MQTT__HOST": place.host, "IMM_MQTT__PORT": str(place.port)}
    command = [sys.executable, "-m", "app", *(["--config", str(config)] if config else []), "run", role]
    return Child(name=name, command=command, environment=environment)
