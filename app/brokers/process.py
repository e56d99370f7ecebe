"""A broker as our child process: started, watched and stopped the same way, whichever it is."""

from __future__ import annotations

import ipaddress
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from app.brokers.errors import Failure
from app.brokers.port import Endpoint, Gap
from runtime.logs import clean

_POLL: Final = 0.02  # seconds
_TAIL: Final = 2_000  # bytes of its log that a failure shows


class Process(ABC):
    """What both brokers share."""

    name: str
    endpoints: tuple[Endpoint, ...]
    gaps: tuple[Gap, ...]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> list[str]:
        """Write its configuration; return its command."""

    def start(self, limit: float = 10.0) -> None:
        """Run it as our child, and return when it listens. Raises Failure."""
        if self.alive:
            return
        command = self.prepare()
        for place in self.endpoints:
            _check_free(place)
        with (self.folder / "broker.log").open("ab") as log:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + limit
        while not all(_listens(place) for place in self.endpoints):
            status = self._child.poll()
            if status is not None or time.monotonic() > until:
                self.stop()
                why = (
                    f"it ended with status {status}"
                    if status is not None
                    else f"no answer within {limit:g} s"
                )
                raise Failure(
                    f"{self.name} did not start", f"{why}: {self._tail()}", "correct what its log says"
                )
            time.sleep(_POLL)

    def stop(self, limit: float = 5.0) -> None:
        """Stop it in order; kill it after `limit` seconds."""
        if self._child:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(limit)
            except subprocess.TimeoutExpired:
                self.kill()
            self._child = None

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._child:
            self._child.kill()
            self._child.wait()
            self._child = None

    @property
    def alive(self) -> bool:
        """Whether our child runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """Of our child."""
        return self._child.pid if self._child and self.alive else None

    def _tail(self) -> str:
        log = self.folder / "broker.log"
        return (
            clean(log.read_bytes()[-_TAIL:].decode("utf-8", "replace").strip(), _TAIL) or "its log is empty"
        )


def loopback(host: str) -> bool:
    """Whether only this machine can connect to an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_free(place: Endpoint) -> None:
    if _listens(place):
        raise Failure(
            f"port {place.port} is taken", "something listens there already", "stop it, or set another port"
        )


def _listens(place: Endpoint) -> bool:
    try:
        socket.create_connection((place.host, place.port), timeout=1).close()
    except OSError:
        return False
    return True
