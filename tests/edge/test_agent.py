"""Agents as processes on a real broker: they tell their state, and neither kills nor clocks cost a sample."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from app.brokers.port import Broker, endpoint
from contracts import events, senml
from contracts.batches import EVENTS
from contracts.instants import HOUR
from contracts.series import Block
from contracts.status import Status
from contracts.topics import Device, Kind
from runtime import ids, mqtt
from runtime.clock import System
from runtime.ports import free_port
from runtime.spool import Lane, Spool
from tests.fixtures.far import LIMIT, Far, until

pytestmark = pytest.mark.system
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Listener(Far):
    """Remembers samples, counts and states as well."""

    def __init__(self, client: mqtt.Client, site: str) -> None:
        super().__init__(client, site)
        self.block = Block()
        self.tallies: list[events.Tally] = []
        self.probes: list[events.Probe] = []
        self.states: list[Status] = []
        self.places: set[tuple[str, int, int]] = set()

    def on_message(self, message: mqtt.Message) -> None:
        before = len(self.came)
        super().on_message(message)
        site, kind, device, channel = message.topic.split("/")[2:6]
        if channel == "status":
            self.states.append(msgspec.json.decode(message.payload, type=Status))
        if len(self.came) == before:
            return
        place = self.came[-1]
        key = (str(place.stream), place.epoch, place.seq)
        if key in self.places:
            return
        self.places.add(key)
        if message.content_type == EVENTS:
            for event in events.decode(message.payload):
                if isinstance(event, events.Tally):
                    self.tallies.append(event)
                if isinstance(event, events.Probe):
                    self.probes.append(event)
        else:
            address = Device(site=site, kind=Kind(kind), device=device)
            now = System().now()
            senml.decode(message.payload, message.content_type, address, now=now, block=self.block)

    @property
    def recorded(self) -> int:
        """As the device told last."""
        newest = {(row.channel, row.hour): row.recorded for tally in self.tallies for row in tally.rows}
        return sum(count for (channel, _), count in newest.items() if channel == "telemetry")


class Stage:
    def __init__(self, broker: Broker, folder: Path) -> None:
        self.site = f"s{ids.uuid7(System())[-12:]}"
        self.port = endpoint(broker, 5).port
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Listener]:
        settings = mqtt.Settings(port=self.port, longest_pause=0.2)
        async with mqtt.Client(settings, client_id=f"{self.site}-far", session_expiry=60) as client:
            listener = Listener(client, self.site)
            await client.wait_connected(LIMIT)
            yield listener

    def agent(
        self,
        command: str = "kiosk",
        device: str = "k1",
        env: dict[str, str] | None = None,
        config: str = "",
        *,
        farewell: float = 30.0,
    ) -> subprocess.Popen[bytes]:
        file = self.folder / f"{device}.toml"
        file.write_text(
            f'site = "{self.site}"\ndevice = "{device}"\nperiod = 0.2\nprobe = 0.5\ntally = 1\n'
            f"farewell = {farewell}\n[broker]\nport = {self.port}\nlongest_pause = 0.2\n"
            f'[spool]\npath = "{self.folder}/{device}.db"\n'
            f'[uplink]\npatience = 2\n[wifi]\nnames = []\ntargets = ["127.0.0.1:{self.port}"]\n{config}'
        )
        with (self.folder / f"{len(self.running)}.err").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "edge", command, "--config", str(file)],
                env={**os.environ, **(env or {})},
                stderr=errors,
            )
        self.running.append(process)
        return process

    async def ended(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        code = await asyncio.to_thread(process.wait, LIMIT)
        return code, (self.folder / f"{self.running.index(process)}.err").read_text()


def write(stamp: Path, shift: str) -> None:
    """At once: whoever asks for the time reads it."""
    beside = stamp.with_suffix(".new")
    beside.write_text(shift)
    beside.replace(stamp)


def samples(port: int) -> float:
    """What an agent says that it has sampled."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT).text
    except httpx.TransportError:  # it is still starting
        return 0.0
    return sum(
        float(line.split()[-1]) for line in text.splitlines() if line.startswith("imm_agent_samples_total")
    )


@pytest.fixture
def stage(mosquitto: Broker, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(mosquitto, tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


async def test_an_agent_tells_its_state_and_leaves_nothing_behind(stage: Stage) -> None:
    async with stage.far() as far:
        process = stage.agent()
        await until(lambda: len(far.block) > 50 and bool(far.probes) and bool(far.tallies))
        assert far.states[0].state == "online"
        process.send_signal(signal.SIGTERM)
        code, errors = await stage.ended(process)
        assert code == 0, errors
        await until(lambda: far.states[-1].state == "offline")
        assert far.states[-1].reason == "stopped"
        await until(lambda: far.recorded == len(far.block))
    with Spool(stage.folder / "k1.db", clock=System()) as box:
        assert box.size() == 0


async def test_a_killed_agent_is_told_lost_and_its_samples_are_not(stage: Stage) -> None:
    async with stage.far() as far:
        for round_ in range(3):
            have = len(far.block)
            process = stage.agent("wifi", "w1")
            await until(lambda have=have: len(far.block) > have + 20)  # type: ignore[misc]  # bound at once
            far.answering = round_ == 1
            process.kill()
            process.wait()
            await until(lambda: far.states[-1].state == "offline")
            assert far.states[-1].reason == "lost"
        far.answering = True
        process = stage.agent("wifi", "w1")
        await until(lambda: far.states[-1].state == "online")
        process.send_signal(signal.SIGTERM)
        assert (await stage.ended(process))[0] == 0
        await until(lambda: far.recorded == len(far.block))
        epochs = [place.epoch for place in far.came if place.attempt == 1]
        assert len(set(epochs)) == 4
        assert epochs == sorted(epochs)


async def test_a_clock_thrown_back_a_year_moves_no_stamp_and_holds_what_starts_in_the_past(
    stage: Stage,
) -> None:
    """The monotonic clock stays true, as on a real machine."""
    stamp = stage.folder / "faketime"
    write(stamp, "+0")
    figures = free_port()
    env = {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "IMM_EDGE_METRICS_PORT": str(figures),
    }
    async with stage.far() as far:
        began = System().now()
        process = stage.agent(env=env)
        await until(lambda: len(far.block) > 30)
        write(stamp, "-365d")
        have = len(far.block)
        await until(lambda: len(far.block) > have + 60)
        process.kill()
        process.wait()
        process = stage.agent(env=env)
        await until(lambda: samples(figures) > 60)
        assert len({place.epoch for place in far.came}) == 1, "nothing leaves before the time is known"
        write(stamp, "+0")
        await until(lambda: len({place.epoch for place in far.came}) == 2)
        await until(lambda: far.states[-1].state == "online" and far.states[-1].since >= began)
        process.send_signal(signal.SIGTERM)
        code, errors = await stage.ended(process)
        assert code == 0
        assert "already: recording goes on, nothing is sent" in errors
        await until(lambda: far.recorded == len(far.block))
        assert began <= min(far.block.times) <= max(far.block.times) <= System().now()
        known = [(series, time) for series, time, _ in far.block.rows()]
        assert len(known) == len(set(known))
        for stream in ("k1/telemetry", "k1/event"):
            first = [(p.epoch, p.seq) for p in far.came if str(p.stream) == stream and p.attempt == 1]
            assert first == sorted(first)


async def test_a_replay_ends_when_everything_is_receipted(stage: Stage) -> None:
    now = System().now()
    rows = [f"{now - n * HOUR},{n},{n * 2}" for n in reversed(range(200))]
    (stage.folder / "rows.csv").write_text("\n".join(["time,a,b", *rows]))
    columns = "".join(
        f'[[replay.columns]]\ncolumn = "{name}"\ndevice = "{name}"\n'
        f'kind = "sensor"\nmetric = "people.count"\n'
        for name in "ab"
    )
    replay = f'[replay]\nfile = "{stage.folder}/rows.csv"\nweeks = 0\nspeed = 0\n{columns}'
    async with stage.far() as far:
        process = stage.agent("replay", "player", config=replay)
        code, errors = await stage.ended(process)
        assert code == 0, errors
        assert len(far.block) == 400
        assert {series.device for series in far.block.series} == {"a", "b"}
        process = stage.agent("replay", "player", config=replay)
        assert (await stage.ended(process))[0] == 0
        assert len(far.block) == 400, "what was played is not played again"


async def test_an_agent_without_a_broker_records_and_does_not_probe(stage: Stage) -> None:
    stage.port = 1  # nobody listens there
    figures = free_port()
    process = stage.agent(env={"IMM_EDGE_METRICS_PORT": str(figures)}, farewell=0.5)
    await until(lambda: samples(figures) > 0)
    await asyncio.sleep(1.5)  # so long it has nobody to speak to: there is nothing to wait for
    process.send_signal(signal.SIGTERM)
    assert (await stage.ended(process))[0] == 0
    with Spool(stage.folder / "k1.db", clock=System()) as box:
        assert box.depth()[Lane.TELEMETRY] > 0
        told = box.due(Lane.EVENT, after=0, count=100, size=10**6)
        assert {type(event) for batch in told for event in events.decode(batch.payload)} == {events.Tally}


async def test_figures_are_scraped_where_a_port_is_set(stage: Stage) -> None:
    port = free_port()
    async with stage.far() as far:
        stage.agent(env={"IMM_EDGE_METRICS_PORT": str(port)})
        await until(lambda: len(far.block) > 50)
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    for name in (
        "imm_agent_samples_total",
        "imm_uplink_sent_total",
        "imm_spool_bytes",
        "process_cpu_seconds",
    ):
        assert name in text


async def test_a_second_agent_on_the_same_spool_is_refused(stage: Stage) -> None:
    async with stage.far() as far:
        stage.agent()
        await until(lambda: len(far.block) > 0)
        second = stage.agent()
        code, errors = await stage.ended(second)
    assert code == 1
    assert "held by another process" in errors
    assert "do:  stop it" in errors
