"""A real agent does what its desk wants, is as it should be, and knows both after a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.brokers.port import Broker
from contracts import senml, shadow
from contracts.commands import CollectLogs, RunDiagnostics, State
from contracts.series import Block
from contracts.shadow import Desired, Reported
from contracts.topics import Channel
from runtime import mqtt
from runtime.clock import System
from tests.edge.commands.conftest import Scene
from tests.fixtures.far import LIMIT, until

pytestmark = pytest.mark.system


class Agent:
    def __init__(self, scene: Scene, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "agent.toml"
        self.file.write_text(
            f'site = "{scene.device.site}"\ndevice = "k1"\nperiod = 3600\nprobe = 0\nfarewell = 0.1\n'
            f"[broker]\nport = {scene.settings.port}\nlongest_pause = 0.2\n"
            f'[spool]\npath = "{folder}/spool.db"\n'
        )
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "agent.err").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "edge", "kiosk", "--config", str(self.file)], stderr=errors
            )

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = self.start()


@pytest.fixture
def scene(own_broker: Broker, tmp_path: Path) -> Scene:
    made = Scene(own_broker, tmp_path)
    made.clock = System()  # type: ignore[assignment]  # the agent's own is the machine's
    return made


@pytest.fixture
def agent(scene: Scene, tmp_path: Path) -> Iterator[Agent]:
    started = Agent(scene, tmp_path)
    yield started
    started.process.kill()
    started.process.wait()


async def test_it_obeys_and_remembers(scene: Scene, agent: Agent, own_broker: Broker) -> None:
    reported: list[Reported] = []
    metrics: list[set[str]] = []  # of each batch

    def hear(message: mqtt.Message) -> None:
        message.ack()
        reported.append(shadow.decode_reported(message.payload))

    def sample(message: mqtt.Message) -> None:
        message.ack()
        now = System().now()
        block = Block()
        senml.decode(message.payload, message.content_type, scene.device, now=now, block=block)
        metrics.append({one.metric for one in block.series})

    async with scene.desk() as desk:
        desk.subscribe(scene.device.topic(Channel.SHADOW_REPORTED), hear)
        desk.subscribe(scene.device.topic(Channel.TELEMETRY), sample)
        await until(lambda: bool(reported))
        assert reported[-1].values["period"] == 3_600
        wish = Desired(version=4, values={"period": 1, "metrics": ["agent.spooled"], "brightness": 3}, time=1)
        await desk.publish(scene.device.topic(Channel.SHADOW_DESIRED), shadow.encode(wish), retain=True)
        await until(lambda: reported[-1].version == 4)
        assert reported[-1].values["period"] == 1
        assert "nothing of that name" in reported[-1].refused["brightness"]
        await until(lambda: metrics[-2:] == [{"agent.spooled"}] * 2)

        command = scene.command("c1", RunDiagnostics())
        await scene.send(desk, command)
        value = (await scene.end("c1")).value
        assert value["agent"]["connections"] >= 1
        await scene.send(desk, scene.command("c2", CollectLogs(lines=5)))
        assert (await scene.end("c2")).state == State.DONE

        scene.heard.clear()
        reported.clear()
        await asyncio.to_thread(agent.kill)
        await until(lambda: bool(reported) and reported[-1].version == 4)
        await scene.send(desk, command)
        assert (await scene.end("c1")).value == value  # answered from its memory, not done again

        own_broker.kill()
        await until(lambda: not desk.connected.is_set())
        reported.clear()
        own_broker.start(LIMIT)
        await until(lambda: bool(reported))
        # What the broker had kept came at once; whether the agent is back shows in that it answers again.
        async with asyncio.timeout(LIMIT):
            while len(scene.ends("c1")) < 2:
                await scene.send(desk, command)
                await asyncio.sleep(0.2)
        assert scene.ends("c1")[-1].value == value
