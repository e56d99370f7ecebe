"""systemd hears that the agent is there, that it goes on, and nothing once something stands still."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.topics import Device, Kind
from edge import agent
from edge.health import word
from edge.health.notify import Notifier
from edge.health.progress import Progress
from edge.health.unit import text
from edge.recorder import Reading
from edge.settings import Settings
from edge.settings import Spool as Place
from runtime import mqtt
from runtime.clock import Fake, System
from runtime.service import Service
from tests.fixtures.far import until


class Ear:
    """systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind("\0" + address[1:] if address.startswith("@") else address)
        self.line.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        while True:
            try:
                self.heard.append(self.line.recv(4096).decode())
            except BlockingIOError:
                return self.heard


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    made = Ear(str(tmp_path / "notify"))
    yield made
    made.line.close()


def environment(tmp_path: Path, seconds: float = 0.6) -> dict[str, str]:
    return {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": str(round(seconds * 1e6)),
        "WATCHDOG_PID": str(os.getpid()),
    }


def test_words_reach_the_socket_and_a_status_is_not_repeated(ear: Ear, tmp_path: Path) -> None:
    notifier = Notifier(environment(tmp_path))
    assert notifier.asked
    assert notifier.interval == 0.6
    notifier.ready()
    for _ in range(2):
        notifier.status("two\nlines")
    notifier.alive()
    notifier.stopping()
    assert ear.listen() == ["READY=1", "STATUS=two lines", "WATCHDOG=1", "STOPPING=1"]


def test_an_abstract_address_is_one_too() -> None:
    ear = Ear(f"@imm-{os.getpid()}")
    Notifier({"NOTIFY_SOCKET": f"@imm-{os.getpid()}"}).ready()
    assert ear.listen() == ["READY=1"]
    ear.line.close()


@pytest.mark.parametrize(
    "environment", [{}, {"NOTIFY_SOCKET": "/nowhere"}, {"WATCHDOG_USEC": "7", "WATCHDOG_PID": "1"}]
)
def test_without_systemd_nothing_is_said_and_nothing_fails(environment: dict[str, str]) -> None:
    notifier = Notifier(environment)
    notifier.ready()
    assert notifier.interval == 0.0


def test_a_part_is_stalled_once_its_turn_is_overdue() -> None:
    clock = Fake()
    asked = clock.monotonic()
    progress = Progress(clock)
    progress.watch("told", 10.0)
    progress.watch("asked", 20.0, lambda: asked)
    clock.advance(11)
    assert progress.stalled() == {"told": 11.0}
    progress.turn("told")
    clock.advance(10)
    assert progress.stalled() == {"asked": 21.0}
    progress.forget("asked")
    assert progress.stalled() == {}


class Stuck:
    """A clock's pace that can be made to stand still."""

    name = "stuck"

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()

    async def read(self) -> list[Reading]:
        return [Reading(metric="cpu.load", value=1.0)]


async def test_an_agent_feeds_the_watchdog_until_its_sampling_stands_still(
    ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    monkeypatch.setattr("edge.health.tend._LOOK", 0.02)
    monkeypatch.setattr("edge.health.tend._WORD", 0.05)
    settings = Settings(
        site="bima",
        device="k1",
        period=0.1,
        farewell=0,
        broker=mqtt.Settings(port=1, longest_pause=0.1),
        spool=Place(path=tmp_path / "spool.db"),
    )
    sampling = agent.sampler(Kind.KIOSK, [Stuck()])
    stations: list[agent.Station] = []

    async def work(station: agent.Station) -> None:
        stations.append(station)
        await sampling(station)

    async with asyncio.TaskGroup() as tasks:
        service = Service(tasks, System())
        device = Device(site="bima", kind=Kind.KIOSK, device="k1")
        running = tasks.create_task(agent.run(settings, service, System(), work, device=device))
        await until(lambda: ear.listen().count("WATCHDOG=1") > 2)
        assert ear.heard[0] == "READY=1"
        await until(lambda: any("not connected" in said for said in ear.listen()))
        (station,) = stations
        station.progress.watch("sampling", 0.05, lambda: 0.0)  # as if it had stood since the boot
        await until(lambda: any("sampling: has stood still" in said for said in ear.listen()))
        fed = ear.listen().count("WATCHDOG=1")
        asked = len(ear.heard)
        await until(lambda: (word.read(tmp_path / "run" / word.NAME) or _none()).parts != ())
        await asyncio.sleep(0.5)  # two watchdogs long nothing may be heard
        assert ear.listen().count("WATCHDOG=1") == fed
        assert len(ear.heard) >= asked
        station.progress.watch("sampling", 60)
        await until(lambda: ear.listen().count("WATCHDOG=1") > fed)
        service.stop()
        await running
    assert ear.listen()[-1] == "STOPPING=1"


def _none() -> word.Word:
    raise AssertionError("no word was left")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here: CI has it")
def test_the_unit_is_one_that_systemd_takes_and_calls_safe(tmp_path: Path) -> None:
    program = Path(shutil.which("true") or "/bin/true")
    unit = tmp_path / "imm-edge.service"
    unit.write_text(text("kiosk", Path("/var/lib/imm-edge/agent.toml"), program=program))
    assert "@" not in unit.read_text().replace("@system-service", "").replace("@privileged @resources", "")
    verdict = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    later = ("RestartSteps", "RestartMaxDelaySec")  # which systemd 252 does not know yet
    left = [line for line in verdict.stderr.splitlines() if not any(key in line for key in later)]
    assert [line for line in left if unit.name in line] == []
    safety = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert safety.returncode == 0, safety.stdout[-500:]
