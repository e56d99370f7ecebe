"""iotcore (rumqttd in a wheel): nothing to install, memory only, this machine only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from app.brokers.errors import Failure
from app.brokers.gaps import IOTCORE
from app.brokers.port import Endpoint
from app.brokers.process import Process, loopback
from runtime.ports import free_port

MAX_PAYLOAD: Final = 4_325_376  # bytes: the largest frame, and room for properties
SEGMENTS: Final = 10  # of the log that rumqttd keeps in memory, also of what was delivered
SEGMENT: Final = 26_214_400  # bytes; SEGMENTS of them bound its memory, beyond it drops the oldest silently
_LAST_PORT: Final = 65_535
WINDOW: Final = 100  # messages on their way to one client; rumqttd allows no more

_CONFIG: Final = """id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = {segment}
max_segment_count = {segments}
"""
_LISTENER: Final = """
[v{protocol}.1]
name = "v{protocol}"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v{protocol}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {payload}
max_inflight_count = {window}
dynamic_filters = true
"""


class Iotcore(Process):
    """Refuses every address but loopback: it has no access control. Port 0: a free one."""

    name = "iotcore"
    gaps = IOTCORE

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", port: int = 0, port_311: int = 0) -> None:
        super().__init__(folder)
        if not loopback(host):
            raise Failure(
                f"iotcore will not listen on {host}",
                "it has no access control",
                "install Mosquitto, or listen on 127.0.0.1",
            )
        chosen = port or free_port(host)
        beside = (
            port + 1 if 0 < port < _LAST_PORT else free_port(host)
        )  # the next one up, so that people can guess it
        self.endpoints = (
            Endpoint(host=host, port=chosen, protocols=(5,)),
            Endpoint(host=host, port=port_311 or beside, protocols=(4,)),
        )

    def prepare(self) -> list[str]:
        """Write the configuration; return the command."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "iotcore.toml"
        text = _CONFIG.format(segment=SEGMENT, segments=SEGMENTS)
        for place in self.endpoints:
            text += _LISTENER.format(
                protocol=place.protocols[0],
                host=place.host,
                port=place.port,
                payload=MAX_PAYLOAD,
                window=WINDOW,
            )
        config.write_text(text)
        return [sys.executable, "-m", "app.brokers.iotcore_child", str(config)]
