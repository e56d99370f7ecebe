"""Agent, broker and both desks are killed at random: each command ends known, and none is done twice."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.brokers.port import Broker, endpoint
from app.histories import HISTORIES
from city.audit import Trail
from city.db import Database, upgrade
from city.identity.caller import SYSTEM
from contracts.commands import Reboot, SetVolume
from devices.commands import State
from devices.control import wiring
from runtime import ids
from runtime.clock import System
from tests.devices.commands.conftest import roster
from tests.fixtures.far import LIMIT, until

pytestmark = pytest.mark.system
HERE = Path(__file__).parent


class Play:
    """Two desks, a broker and an agent; the test itself is who issues."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.folder = folder
        self.broker = broker
        self.site = f"s{ids.uuid7(System())[-12:]}"
        self.port = endpoint(broker, 5).port
        self.url = f"sqlite:///{folder / 'city.sqlite'}"
        self.db = Database(self.url)
        upgrade(self.db, HISTORIES)
        clock = System()
        self.control = wiring.wire(
            self.db, clock=clock, ids=ids.factory(clock), trail=Trail(clock=clock), roster=roster(self.site)
        )
        self.done = folder / "done"
        self.done.touch()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("desk-1", "desk-2", "agent"):
            self.start(name)

    def start(self, name: str) -> None:
        if name == "agent":
            file = self.folder / "agent.toml"
            file.write_text(
                f'site = "{self.site}"\ndevice = "k1"\nperiod = 3600\nprobe = 0\nfarewell = 0.1\n'
                f"[broker]\nport = {self.port}\nlongest_pause = 0.2\n"
                f'[spool]\npath = "{self.folder}/spool.db"\n'
            )
            words = [str(HERE / "agent_process.py"), str(file), str(self.done)]
        else:
            words = [str(HERE / "desk_process.py"), self.url, str(self.port), self.site, name]
        with (self.folder / f"{name}.err").open("ab") as errors:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words], stderr=errors, cwd=HERE.parents[2]
            )

    def kill(self, name: str) -> None:
        if name == "broker":
            self.broker.kill()
            self.broker.start(LIMIT)
            return
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()
        self.start(name)

    def issue(self, number: int) -> str:
        what = Reboot() if number % 3 == 0 else SetVolume(percent=number % 100)
        with self.db.begin() as tx:
            return self.control.desk.issue(tx, SYSTEM, "k1", what, why="a drill", seconds=600).id

    def wish(self, volume: int) -> None:
        with self.db.begin() as tx:
            patch = {"period": 100 + volume}
            self.control.shadows.change(tx, SYSTEM, "k1", patch, why="a drill", seen=None)

    def over(self, key: str) -> bool:
        return self.control.desk.get(SYSTEM, key).over


@pytest.fixture
def play(own_broker: Broker, tmp_path: Path) -> Iterator[Play]:
    made = Play(own_broker, tmp_path)
    yield made
    for process in made.running.values():
        process.kill()
        process.wait()
    made.db.close()


@pytest.mark.timeout(200)
async def test_each_command_ends_known_and_is_done_at_most_once(play: Play) -> None:
    await drill(play, rounds=1)


@pytest.mark.long
@pytest.mark.timeout(3_600)
async def test_so_it_is_for_long(play: Play) -> None:
    await drill(play, rounds=25)


async def drill(play: Play, *, rounds: int) -> None:
    dice = random.Random(5)
    made: list[str] = []
    victims = ["agent", "broker", "desk-1", "desk-2"] * rounds
    dice.shuffle(victims)
    first = await asyncio.to_thread(play.issue, 1)
    made.append(first)
    await until(lambda: play.over(first))  # all are up
    for number, victim in enumerate(victims, start=2):
        made += [await asyncio.to_thread(play.issue, number * 3 + each) for each in range(3)]
        await asyncio.to_thread(play.wish, number)
        await asyncio.sleep(dice.uniform(0.0, 0.3))  # the moment of the kill is part of the dice
        await asyncio.to_thread(play.kill, victim)
    async with asyncio.timeout(120):
        for key in made:
            while not play.over(key):
                await asyncio.sleep(0.05)
    times = Counter(play.done.read_text().split())
    told = [play.control.desk.get(SYSTEM, key) for key in made]
    assert set(times) <= set(made)
    assert max(times.values()) == 1
    for one in told:
        assert one.told, one  # the device itself has said how it ended
        assert one.state in {State.DONE, State.FAILED}, one
        if one.state == State.DONE:
            assert times[one.id] == 1
            assert one.value == {"done": one.id}
        else:
            assert "the agent stopped" in one.reason
    assert sum(one.state == State.DONE for one in told) >= len(told) // 2
    await until(lambda: play.control.shadows.get(SYSTEM, "k1").settled)
