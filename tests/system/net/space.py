"""A network namespace and the cable to it: a machine of its own, as far as TCP can tell."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pytest

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
FIRST = 2  # address of whoever lives in the space; 1 is ours
NETS = 2 * 256 * 16  # of 16 addresses each, in 198.18.0.0/15
PATIENCE = 10.0  # seconds for a first connection over it


class Space:
    """Made by `ip` over a veth pair; needs root. Addresses are those for measuring networks (RFC 2544)."""

    def __init__(self, name: str, number: int) -> None:
        """`number` tells the spaces of one process apart, 0 or 1; processes side by side differ too."""
        pid = os.getpid()
        self.name = f"imm-{name}-{pid}"
        self._cable = f"imm{number}-{pid}"  # an interface's name has 15 letters at most
        net = (2 * pid + number) % NETS
        self._net = f"198.{18 + (net >> 12)}.{(net >> 4) % 256}."
        self._host = net % 16 * 16
        self.near = self._address(1)

    def __enter__(self) -> Self:
        if not shutil.which("ip", path=PLACES):
            pytest.fail("ip is not installed: run tests/servers")
        self._make()
        if not self._carries():
            told = self._state()
            self.__exit__(None, None, None)
            pytest.fail(f"the cable carries nothing: {told}")
        return self

    def _make(self) -> None:
        self._ip("netns", "add", self.name)
        try:
            self._ip("link", "add", self._cable, "type", "veth", "peer", "eth0", "netns", self.name)
            self._ip("addr", "add", f"{self.near}/28", "dev", self._cable)
            self._ip("link", "set", self._cable, "up")
            self._inside("link", "set", "lo", "up")
            self._inside("link", "set", "eth0", "up")
            self.arrive(FIRST)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def _carries(self) -> bool:
        """Whether who lives in the space can connect to us."""
        with socket.create_server((self.near, 0)) as server:
            host, port = server.getsockname()
            code = f"import socket; socket.create_connection(({host!r}, {port}), {PATIENCE})"
            command = self.inside([sys.executable, "-I", "-S", "-c", code])
            return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _state(self) -> str:
        commands = (["-d", "addr"], ["neigh"], ["-n", self.name, "-d", "addr"], ["-n", self.name, "neigh"])
        return "\n".join(
            subprocess.run(
                ["ip", *words], check=False, capture_output=True, text=True, env={"PATH": PLACES}
            ).stdout
            for words in commands
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for words in (("link", "del", self._cable), ("netns", "del", self.name)):
            subprocess.run(["ip", *words], check=False, capture_output=True, env={"PATH": PLACES})

    def inside(self, command: Sequence[str]) -> list[str]:
        """The same command, run in the space."""
        return [str(shutil.which("ip", path=PLACES)), "netns", "exec", self.name, *command]

    def cut(self) -> None:
        """Pull the cable."""
        self._ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug it in."""
        self._ip("link", "set", self._cable, "up")

    def leave(self, host: int) -> None:
        """The address is another's now."""
        self._inside("addr", "del", f"{self._address(host)}/28", "dev", "eth0")

    def arrive(self, host: int) -> None:
        """Have an address."""
        self._inside("addr", "add", f"{self._address(host)}/28", "dev", "eth0")

    def _address(self, host: int) -> str:
        return f"{self._net}{self._host + host}"

    def _inside(self, *words: str) -> None:
        self._ip("-n", self.name, *words)

    def _ip(self, *words: str) -> None:
        done = subprocess.run(
            ["ip", *words], check=False, capture_output=True, text=True, env={"PATH": PLACES}
        )
        if done.returncode:
            pytest.fail(
                f"no network namespace can be made here: ip {' '.join(words)}: {done.stderr.strip()}. "
                "Run as root, in a container with CAP_NET_ADMIN and CAP_SYS_ADMIN."
            )
