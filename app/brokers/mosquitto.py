"""Mosquitto, configured for us: drops nothing acknowledged for its number, writes its state each second."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Final

from app.brokers.access import Access
from app.brokers.errors import Failure
from app.brokers.gaps import MOSQUITTO
from app.brokers.port import Endpoint
from app.brokers.process import Process, loopback
from runtime.ports import free_port

MAX_QUEUED: Final = (
    100_000_000  # messages; the bytes bound it, and 0 (no limit) makes 2.0.11 hang up on who is denied
)
MAX_QUEUED_BYTES: Final = 268_435_456  # of one client that is away or slow; beyond, messages are dropped
MAX_PACKET: Final = 4_390_912  # bytes: the largest frame, and room for properties
_PLACES: Final = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/sbin",
)  # where it stands, off most people's PATH

_CONFIG: Final = """per_listener_settings false
persistence true
persistence_location {folder}/
set_tcp_nodelay true
autosave_interval 1
max_queued_messages {queued}
max_queued_bytes {queued_bytes}
max_packet_size {packet}
log_dest stderr
log_type error
log_type warning
connection_messages false
listener {port} {host}
"""


class Mosquitto(Process):
    """Both MQTT versions on one port. Port 0: a free one.

    Without `access` open to all, and on loopback only. With it, everybody has an account: the plain listener
    stays on loopback, for our processes; where there is TLS, `host` has a listener for certificates and one
    for passwords. Whoever comes there has his name as client id: none takes another's session.
    """

    name = "mosquitto"
    gaps = MOSQUITTO

    def __init__(
        self, folder: Path, *, host: str = "127.0.0.1", port: int = 0, access: Access | None = None
    ) -> None:
        super().__init__(folder)
        if not loopback(host) and (access is None or access.tls is None):
            raise Failure(
                f"Mosquitto will not listen on {host} for everyone",
                "anybody there could read and write every topic, or read passwords on their way",
                "give it certificates and accounts, or listen on 127.0.0.1",
            )
        self._access = access
        self.certificates: Endpoint | None = None
        self.passwords: Endpoint | None = None
        near = host if loopback(host) else "127.0.0.1"
        self.endpoints: tuple[Endpoint, ...] = (_both(near, port),)
        if access and access.tls:
            self.certificates, self.passwords = _both(host), _both(host)
            self.endpoints += (self.certificates, self.passwords)

    def prepare(self) -> list[str]:
        """Write the configuration; return the command."""
        program = find()
        if program is None:
            raise Failure("Mosquitto cannot start", "it is not installed", "install the package mosquitto")
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.endpoints[0]
        text = _CONFIG.format(
            folder=self.folder.absolute(),
            queued=MAX_QUEUED,
            queued_bytes=MAX_QUEUED_BYTES,
            packet=MAX_PACKET,
            host=place.host,
            port=place.port,
        )
        if os.geteuid() == 0:
            # Otherwise it would become `mosquitto`, who may not enter our folders, and would outlive us: when
            # its user changes, the kernel forgets to signal it at our death.
            text += "user root\n"
        text += (
            self._access.prepare(self.folder, self.certificates, self.passwords)
            if self._access
            else "allow_anonymous true\n"
        )
        config = self.folder / "mosquitto.conf"
        config.write_text(text)
        return [program, "-c", str(config)]

    def reload(self) -> None:
        """Have it read its certificates and the list of revoked ones again. Sessions stay."""
        if self.pid:
            os.kill(self.pid, signal.SIGHUP)


def _both(host: str, port: int = 0) -> Endpoint:
    return Endpoint(host=host, port=port or free_port(host), protocols=(5, 4))


def find() -> str | None:
    """Path of the program, or None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(_PLACES))
