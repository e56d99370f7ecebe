"""What one plain agent costs its machine: memory, processor, time to start, and what its wheels weigh.

A running broker is given. The agent is a fresh process that finds nothing but `imm-edge` and what it needs,
as on a device; it starts as systemd would start it, and the start is over when it says so.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
LAYERS: Final = ("contracts", "playplan", "runtime", "edge")
NAME: Final = "imm-edge"
PERIOD: Final = 10.0  # seconds from sample to sample
_STARTED: Final = 30.0  # seconds within which an agent must have started
_SETTLED: Final = 5.0  # seconds after the start in which nothing is measured: it connects
_DISKS: Final = ("/", "/etc", "/usr", "/var", "/tmp")  # noqa: S108 - mount points, so that there are some 60 metrics
_CODE: Final = "import sys; sys.path[:0] = [sys.argv.pop(1)]; from edge.updates.launch import main; main()"
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICK: Final = os.sysconf("SC_CLK_TCK")


def run(port: int, *, seconds: float = 60.0, host: str = "127.0.0.1") -> dict[str, float]:
    """Figures of one kiosk's agent at 10 s sampling, connected to a broker, over so many seconds."""
    with tempfile.TemporaryDirectory(prefix="imm-agent-") as name:
        folder = Path(name)
        lay(folder / "site", NAME)
        return {**_live(folder, host, port, seconds), "wheels_mb": wheels(NAME)}


def needs(*names: str) -> dict[str, importlib.metadata.Distribution]:
    """Distributions that these need, themselves included, by name; `name[extra]` brings an extra's."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(name) for name in names]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        found.setdefault(name, importlib.metadata.distribution(name))
        for extra in {"", *wanted.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            for text in found[name].requires or []:
                inner = Requirement(text)
                if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                    waiting.append(inner)
    return found


def lay(folder: Path, *names: str) -> None:
    """A folder on which Python finds these distributions, what they need, and nothing else."""
    folder.mkdir()
    for name, distribution in needs(*names).items():
        for top in {Path(file).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            place = Path(str(distribution.locate_file(top)))
            if name != NAME or top.endswith(".dist-info"):
                (folder / top).symlink_to(place)
    for layer in LAYERS:
        if (ROOT / layer).is_dir():
            (folder / layer).symlink_to(ROOT / layer)


def wheels(*names: str) -> float:
    """MB that the wheels of these and of all they need take, packed as a wheel is from what is installed."""
    total = 0
    for name, distribution in needs(*names).items():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            files = _ours() if name == NAME else _theirs(distribution)
            for path, inside in files:
                archive.write(path, inside)
        total += packed.tell()
    return round(total / 1e6, 2)


def _theirs(distribution: importlib.metadata.Distribution) -> Iterator[tuple[Path, str]]:
    for file in distribution.files or ():
        place = Path(str(distribution.locate_file(file)))
        if file.parts[0] != ".." and "__pycache__" not in file.parts and place.is_file():
            yield place, str(file)


def _ours() -> Iterator[tuple[Path, str]]:
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, str(path.relative_to(ROOT))


def _live(folder: Path, host: str, port: int, seconds: float) -> dict[str, float]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(folder / "notify"))
        ear.settimeout(_STARTED)
        began = time.monotonic()
        agent = subprocess.Popen(
            _command(folder, host, port), env=_environment(folder), stdout=subprocess.DEVNULL
        )
        try:
            _hear(ear, "READY=1")
            started, start = time.monotonic() - began, _processor(agent.pid)
            time.sleep(_SETTLED)
            before, since = _processor(agent.pid), time.monotonic()
            time.sleep(seconds)
            spent = (_processor(agent.pid) - before) / (time.monotonic() - since)
            memory = _memory(agent.pid)
        finally:
            agent.terminate()
            agent.wait(30)
    return {
        "agent_start_s": round(started, 3),
        "agent_start_cpu_s": round(start, 3),  # the same of an idle processor, whoever else works
        "agent_rss_mb": round(memory / 1e6, 2),
        "agent_cpu_percent": round(100 * spent, 3),
    }


def _command(folder: Path, host: str, port: int) -> list[str]:
    config = folder / "agent.toml"
    config.write_text(
        f'site = "bima"\ndevice = "bench-kiosk"\nperiod = {PERIOD}\ndisks = {list(_DISKS)!r}\n'
        f'[broker]\nhost = "{host}"\nport = {port}\n[spool]\npath = "{folder}/spool.db"\n'
    )
    # -S leaves .pth files unread, -I the environment and this folder: only what was laid is found.
    python = [sys.executable, "-I", "-S", "-c", _CODE, str(folder / "site")]
    return [*python, "kiosk", "--config", str(config)]


def _environment(folder: Path) -> dict[str, str]:
    """As the unit file gives it."""
    return {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(folder / "notify"), "MALLOC_ARENA_MAX": "1"}


def _hear(ear: socket.socket, word: str) -> None:
    while ear.recv(4096).decode() != word:
        pass


def _processor(pid: int) -> float:
    """Seconds of CPU that a process has had."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICK


def _memory(pid: int) -> int:
    """Bytes of a process that are in memory."""
    return int(_stat(pid)[21]) * _PAGE


def _stat(pid: int) -> list[Any]:
    """Fields of /proc/PID/stat after the name."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
