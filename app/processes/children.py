"""The platform's processes as children of `imm up`: one on the embedded store, one a part on InfluxDB."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from app.brokers.port import Broker, endpoint
from app.processes.supervisor import Child
from app.settings import Settings

PARTS = ("alerts", "analytics", "desk", "api")


def children(
    settings: Settings, broker: Broker | None, config: Path | None, environment: Mapping[str, str]
) -> list[Child]:
    """Broker first, then what connects to it. `environment`: settings over those of the file."""
    told = {**environment, "IMM_DATA": str(settings.data)}
    first: list[Child] = []
    if broker:
        place = endpoint(broker, settings.mqtt.protocol)
        told |= {"IMM_MQTT__HOST": place.host, "IMM_MQTT__PORT": str(place.port)}
        first = [Child(name="broker", command=broker.prepare())]
    if settings.keys.certificate_file is not None:  # a process of its own on either store: it may not see it
        first.append(Child(name="keys", command=_command("keys", config), environment=told))
    if settings.store.engine == "embedded":
        return [*first, Child(name="platform", command=_command("all-in-one", config), environment=told)]
    workers = [f"{settings.worker}-{number}" for number in range(1, settings.workers + 1)]
    return [
        *first,
        *(
            Child(
                name=f"ingest-{worker}",
                command=_command("ingest", config),
                environment=told | {"IMM_WORKER": worker},
            )
            for worker in workers
        ),
        *(Child(name=part, command=_command(part, config), environment=told) for part in PARTS),
    ]


def _command(role: str, config: Path | None) -> list[str]:
    return [sys.executable, "-m", "app", *(["--config", str(config)] if config else []), "run", role]
