"""The demo's agents: this machine as kiosk and as Wi-Fi node, and the footfall of a real city, replayed."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.processes.supervisor import Child
from contracts.instants import WEEK
from runtime import mqtt
from simulator import footfall
from simulator.footfall import Counts

SITE: Final = "bima"
PROBE: Final = 1  # seconds between two probes: the path's time is a figure of the demo
_PERIOD: Final = 2  # seconds between two samples


def agents(
    folder: Path, broker: mqtt.Settings, api: str, weeks: int, hours: Mapping[int, Counts]
) -> list[Child]:
    """Children to keep alive; their spools lie in the folder. `weeks`: by which the footfall is moved."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "footfall.csv", hours)
    (folder / "replay.toml").write_text(_replay(folder / "footfall.csv", weeks), encoding="utf-8")
    # A Wi-Fi node would try the internet; the demo sends nothing beyond this machine.
    reach = f'["{broker.host}:{broker.port}", "{api.removeprefix("http://")}"]'
    nearby = {
        "IMM_EDGE_WIFI__NAMES": '["localhost"]',
        "IMM_EDGE_WIFI__TARGETS": reach,
        "IMM_EDGE_WIFI__GATEWAY": "false",
    }
    return [
        _agent(folder, broker, "kiosk", "kiosk-01", "--probe", str(PROBE), "--period", str(_PERIOD)),
        _agent(folder, broker, "wifi", "wifi-01", "--probe", "0", "--period", str(_PERIOD), **nearby),
        _agent(
            folder, broker, "replay", "replay-01", "--config", str(folder / "replay.toml"), "--probe", "0"
        ),
    ]


def _agent(
    folder: Path, broker: mqtt.Settings, kind: str, device: str, *words: str, **environment: str
) -> Child:
    spool = folder / f"{device}.spool"
    command = [
        *(sys.executable, "-m", "edge", kind, "--site", SITE, "--device", device, "--spool", str(spool)),
        *("--host", broker.host, "--port", str(broker.port), *words),
    ]
    return Child(name=device, command=command, environment={"IMM_EDGE_TALLY": "2", **environment})


def _write(path: Path, hours: Mapping[int, Counts]) -> None:
    devices = [footfall.device(number) for number in range(1, footfall.POINTS + 1)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", *devices])
        for time, counts in hours.items():
            rows.writerow([time, *(counts.get(device, "") for device in devices)])


def _replay(file: Path, weeks: int) -> str:
    devices = [footfall.device(number) for number in range(1, footfall.POINTS + 1)]
    rest = 'kind = "sensor"\nmetric = "people.count"\n'
    columns = "\n".join(
        f'[[replay.columns]]\ncolumn = "{device}"\ndevice = "{device}"\n{rest}' for device in devices
    )
    return f'[replay]\nfile = "{file}"\nunit = "us"\nrestamp = "weeks"\nweeks = {weeks}\n\n{columns}'


def excerpt(hours: Mapping[int, Counts], now: int, weeks: int, history: int) -> dict[int, Counts]:
    """Hours from `history` (µs) before now on, in the source's own time."""
    since = now - weeks * WEEK - history
    return {time: counts for time, counts in hours.items() if time >= since}
