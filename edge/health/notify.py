"""What a service tells systemd, by sd_notify(3): a datagram to the socket that it names."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Final

_LONGEST: Final = 200  # characters of a status line, as `systemctl status` shows it


class Notifier:
    """Speaks to systemd, or to nobody where no socket is named. Never blocks, never raises."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.interval = _interval(environment)  # seconds within which WATCHDOG is awaited; 0: never
        self._status = ""

    @property
    def asked(self) -> bool:
        """Whether somebody listens."""
        return bool(self._address)

    def ready(self) -> None:
        """The start is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """What should go on goes on."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The orderly stop has begun."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """A line for people; the same line again is not sent."""
        line = " ".join(text.split())[:_LONGEST]
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def _send(self, word: str) -> None:
        if not self._address:
            return
        where = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            contextlib.suppress(OSError),  # nobody there, or too busy: systemd will miss us and act
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line,
        ):
            line.sendto(word.encode(), where)


def _interval(environment: Mapping[str, str]) -> float:
    """Seconds of WATCHDOG_USEC, where it is meant for this process."""
    text, owner = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not text.isdigit() or (owner and owner != str(os.getpid())):
        return 0.0
    return int(text) / 1e6
