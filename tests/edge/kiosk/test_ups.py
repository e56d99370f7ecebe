"""A supply on a real NUT server, whose driver plays a file."""

import asyncio
import contextlib
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from edge.kiosk.ups import Ups, readings
from runtime.ports import free_port
from tests.edge.kiosk.test_parts import values
from tests.fixtures.far import LIMIT

HOMES = (
    Path("/lib/nut"),
    Path("/usr/lib/nut"),
    Path("/usr/sbin"),
)  # Debian's /sbin/upsd is a script that asks


def program(name: str) -> str:
    return next((str(home / name) for home in HOMES if (home / name).exists()), name)


class Server:
    """upsd with one supply, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.say("OL", 100, 1_800)
        files = {
            "ups.conf": f"[gate]\ndriver = dummy-ups\nport = {folder}/gate.dev\nmode = dummy-loop\n",
            "upsd.conf": f"LISTEN 127.0.0.1 {self.port}\n",
            "upsd.users": "",
            "nut.conf": "MODE=standalone\n",
        }
        for name, content in files.items():
            (folder / name).write_text(content)
            (folder / name).chmod(0o640)
        env = {"NUT_CONFPATH": str(folder), "NUT_STATEPATH": str(folder), "NUT_ALTPIDPATH": str(folder)}
        env |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        log = (folder / "log").open("wb")
        user = ["-u", "root"]
        self.driver = subprocess.Popen(
            [program("dummy-ups"), "-a", "gate", "-D", *user], env=env, stdout=log, stderr=log
        )
        self.upsd = subprocess.Popen([program("upsd"), "-D", *user], env=env, stdout=log, stderr=log)
        log.close()

    def say(self, status: str, charge: int, runtime: int) -> None:
        text = f"ups.status: {status}\nbattery.charge: {charge}\nbattery.runtime: {runtime}\n"
        text += "input.voltage: 221.5\nups.load: 34\nups.temperature: 31.5\nTIMER 1\n"
        draft = self.folder / "draft"
        draft.write_text(text)
        draft.replace(self.folder / "gate.dev")

    def close(self) -> None:
        for process in (self.upsd, self.driver):
            process.terminate()
            process.wait(10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.close()


@pytest.mark.system
async def test_a_supply_is_watched_from_mains_to_battery(server: Server) -> None:
    ups = Ups(f"127.0.0.1:{server.port}")
    found: dict[tuple[str, str], object] = {}

    async def look() -> None:
        found.clear()
        with contextlib.suppress(OSError):  # not up yet
            found.update(values(await ups.read()))

    await _eventually(look, lambda: found.get(("power.on-battery", "gate")) is False)
    assert found["battery.level", "gate"] == 100.0
    assert found["power.runtime", "gate"] == 1_800.0
    assert found["power.voltage", "gate"] == 221.5
    assert found["power.load", "gate"] == 0.34
    assert found["temperature", "gate"] == 31.5
    assert not found["power.battery-low", "gate"]
    server.say("OB LB", 17, 90)
    await _eventually(look, lambda: found.get(("power.on-battery", "gate")) is True)
    await _eventually(look, lambda: found.get(("battery.level", "gate")) == 17.0)
    assert found["power.battery-low", "gate"]
    server.upsd.terminate()
    server.upsd.wait(10)
    with pytest.raises(OSError, match=r"."):
        await ups.read()
    ups.close()


async def _eventually(look: Callable[[], Awaitable[None]], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while True:
            await look()
            if condition():
                return
            await asyncio.sleep(0.1)


def test_what_a_supply_does_not_tell_is_absent() -> None:
    assert values(readings("u", {})) == {}
    assert values(readings("u", {"ups.status": "WAIT", "ups.load": "many"})) == {}
    found = values(readings("u p", {"ups.status": "OL CHRG RB", "battery.charge": "55"}))
    assert found == {
        ("power.on-battery", "u-p"): False,
        ("power.battery-low", "u-p"): False,
        ("power.battery-worn", "u-p"): True,
        ("battery.level", "u-p"): 55.0,
    }
