"""A deployment as deploy/prepare.py makes it, and a real Mosquitto that runs its configuration."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from runtime.ports import free_port

LIMIT = 30.0  # seconds until something must have happened
ROSTER = """
[[device]]
device = "kiosk-1"
kind = "kiosk"
site = "bima"

[[device]]
device = "wifi-1"
kind = "wifi"
site = "bima"

[[device]]
device = "kiosk-9"
kind = "kiosk"
site = "kejaksan"
"""


def prepared(root: Path, folder: Path) -> Path:
    """The folder of secrets, made twice."""
    target = folder / "secrets"
    roster = folder / "roster.toml"
    roster.write_text(ROSTER)
    command = [sys.executable, "deploy/prepare.py", "--roster", str(roster), "--into", str(target)]
    for _ in range(2):  # the second time keeps the secrets of the first
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    return target


@contextmanager
def configured(root: Path, secrets: Path, folder: Path, more: str = "") -> Iterator[int]:
    """Our configuration with its paths moved to ours; `more`: what stands in its conf.d."""
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "more.conf").write_text(more)
    shutil.copy(secrets / "mosquitto-accounts", folder / "dynamic-security.json")
    (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
    port = free_port()
    text = (root / "deploy/mosquitto/mosquitto.conf").read_text()
    for inside, here in {
        "/mosquitto/data": folder,
        "/mosquitto/config": folder,
        "/usr/lib/mosquitto_dynamic_security.so": plugin,
        "listener 1883": f"listener {port} 127.0.0.1\nsocket_domain ipv4",
    }.items():
        assert inside in text
        text = text.replace(inside, str(here))
    (folder / "mosquitto.conf").write_text("user root\n" + text)
    with _running(["mosquitto", "-c", str(folder / "mosquitto.conf")]):
        for one in (port, *map(int, re.findall(r"listener (\d+)", more))):
            _wait_for(one)
        yield port


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    path = shutil.which(command[0], path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert path, f"{command[0]} is not installed: run tests/servers as root"
    with subprocess.Popen(
        [path, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(LIMIT)


@retry(
    retry=retry_if_exception_type(OSError), stop=stop_after_delay(LIMIT), wait=wait_fixed(0.05), reraise=True
)
def _wait_for(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
