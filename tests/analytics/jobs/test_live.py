"""The live job on a real store and a real spool: what is lost is read again, a kill changes nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from analytics.jobs import memory
from analytics.jobs.live import Live
from analytics.jobs.settings import Settings
from contracts import judgements
from contracts.events import Probe
from contracts.feed import Accepted
from contracts.judgements import Judgement, Verdict
from contracts.rules import Absence, HourOfWeek, Rule, Side, Threshold
from contracts.series import Block, Series, Value
from runtime.clock import Fake
from runtime.spool.address import Lane
from runtime.spool.errors import Full
from runtime.spool.spool import Spool
from store import embedded
from store.errors import Retry

if TYPE_CHECKING:
    from tests.analytics.conftest import Kit

SECOND = 1_000_000
HOUR = 3600
WEEK = 7 * 24 * HOUR
QUICK = Settings(tick=0.01, checkpoint=0.0)


class World:
    """Store, spool and clock that outlive the job; `seq` counts as one ingest worker would."""

    def __init__(self, kit: "Kit", folder: Path, rules: list[Rule]) -> None:
        self.kit = kit
        self.rules = rules
        self.clock = Fake(kit.now)
        self.file = embedded.File(folder / "samples.duckdb", memory_mb=200, threads=1)
        self.engine = embedded.Engine(self.file)
        self.state = embedded.State(self.file)
        self.spool = Spool(folder / "spool.sqlite", clock=self.clock)
        self.settings = QUICK
        self.seq = 0
        self.started = kit.now
        self.registry = CollectorRegistry()
        self.live: Live

    def close(self) -> None:
        self.spool.close()
        self.file.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The job, killed at the end."""
        self.registry = CollectorRegistry()
        self.live = Live(
            reader=self.engine,
            rules=self.rules,
            roster=self.kit.roster(),
            spool=self.spool,
            clock=self.clock,
            state=self.state,
            registry=self.registry,
            settings=self.settings,
        )
        task = asyncio.create_task(self.live.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def judged(self) -> float:
        """Samples of the feed that the job has taken since its start."""
        return self.registry.get_sample_value("imm_analytics_samples_total", {"source": "feed"}) or 0

    def store(self, *rows: tuple[Series, float, Value]) -> Block:
        """Make rows durable; seconds after the kit's now."""
        block = self.kit.block(rows)
        self.engine.write(block)
        return block

    def lose(self, *rows: tuple[Series, float, Value]) -> None:
        """Accept rows, and lose the message that tells of it."""
        self.store(*rows)
        self.seq += 1

    def accept(self, *rows: tuple[Series, float, Value], probes: tuple[Probe, ...] = ()) -> None:
        """Accept rows and tell the job."""
        block = self.store(*rows)
        self.seq += 1
        device = self.kit.series().address
        self.live.feed(
            Accepted(
                worker="w",
                seq=self.seq,
                started=self.started,
                watermark=min(max(block.times, default=0), self.clock.now()),
                block=block,
                events=tuple((device, probe) for probe in probes),
            )
        )

    def said(self) -> list[Judgement]:
        batches = self.spool.due(Lane.JUDGEMENT, after=0, count=1000, size=10_000_000)
        return [judgements.decode(batch.payload) for batch in batches]

    def verdicts(self) -> list[tuple[str, str, float]]:
        """Each finding once: (rule, verdict, seconds after the kit's now)."""
        found = {one.id: one for one in self.said()}
        return [(one.rule, one.verdict.value, (one.time - self.kit.now) / SECOND) for one in found.values()]


async def until(condition: Callable[[], bool], limit: float = 5.0) -> None:
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.005)


HOT = Threshold(limit=80.0)


@pytest.fixture
def world(kit: "Kit", tmp_path: Path) -> Iterator[World]:
    one = World(kit, tmp_path, [kit.rule(HOT, "temperature", id_="hot")])
    yield one
    one.close()


async def test_a_hot_kiosk_is_told_and_told_well_again(world: World, kit: "Kit") -> None:
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        world.accept((kit.series(), 5, 70.0))
        await until(lambda: len(world.said()) == 2)
    [batch, _] = world.spool.due(Lane.JUDGEMENT, after=0, count=10, size=100_000)
    assert batch.topic == "imm/v1/bima/judgement/analytics"
    assert world.verdicts() == [("hot", "raised", 0), ("hot", "cleared", 5)]


async def test_what_the_feed_lost_is_read_from_the_store(world: World, kit: "Kit") -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0))
        world.lose((kit.series(), 1, 90.0), (kit.series(), 2, 70.0))
        world.accept((kit.series(), 3, 70.0))
        await until(lambda: len(world.said()) == 2)
    assert world.verdicts() == [("hot", "raised", 1), ("hot", "cleared", 2)]


async def test_a_new_start_of_ingest_is_a_hole_too(world: World, kit: "Kit") -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0))
        world.lose((kit.series(), 1, 90.0))
        world.started, world.seq = world.started + 1, 0
        world.accept((kit.series(device="kiosk-2"), 2, 70.0))
        await until(lambda: len(world.said()) == 1)
    assert world.verdicts() == [("hot", "raised", 1)]


async def test_a_loss_that_no_hole_shows_is_found_by_looking_now_and_then(world: World, kit: "Kit") -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0))
        await until(lambda: world.state.get(memory.key("analytics")) is not None)
        world.store((kit.series(), 1, 90.0))
        world.clock.advance(world.settings.recheck + 1)
        await until(lambda: len(world.said()) == 1)


async def test_a_device_far_behind_is_read_from_where_it_was(world: World, kit: "Kit") -> None:
    late = kit.series(device="kiosk-2")
    async with world.running():
        world.accept((late, 0, 70.0))
        world.clock.advance(2 * HOUR)
        world.accept((kit.series(), 2 * HOUR, 70.0))
        world.lose((late, 60, 90.0))
        world.accept((kit.series(), 2 * HOUR + 1, 70.0))
        await until(lambda: len(world.said()) == 1)
    assert world.verdicts() == [("hot", "raised", 60)]


async def test_what_came_while_it_was_away_is_judged_at_the_start(world: World, kit: "Kit") -> None:
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        await until(lambda: len(world.said()) == 1)
    world.lose((kit.series(), 5, 70.0), (kit.series(), 6, 95.0))
    async with world.running():
        await until(lambda: len(world.verdicts()) == 3)
    assert world.verdicts() == [("hot", "raised", 0), ("hot", "cleared", 5), ("hot", "raised", 6)]


async def test_a_kill_between_judging_and_saving_changes_nothing(world: World, kit: "Kit") -> None:
    world.settings = Settings(tick=0.01, checkpoint=3600)
    async with world.running():
        world.accept((kit.series(), 0, 90.0), (kit.series(), 1, 70.0))
        await until(lambda: len(world.said()) == 2)
    assert world.state.get(memory.key("analytics")) is None
    async with world.running():
        await until(lambda: len(world.said()) == 4)
    assert world.verdicts() == [("hot", "raised", 0), ("hot", "cleared", 1)]


async def test_a_hold_outlives_a_kill(world: World, kit: "Kit") -> None:
    world.rules = [kit.rule(Threshold(limit=80.0, hold=60.0), "temperature", id_="hot")]
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        await until(lambda: world.state.get(memory.key("analytics")) is not None)
        world.accept((kit.series(), 30, 90.0))
    async with world.running():
        world.accept((kit.series(), 60, 90.0))
        await until(lambda: len(world.said()) == 1)
    assert world.verdicts() == [("hot", "raised", 60)]


async def test_a_memory_of_another_version_is_left_aside(world: World, kit: "Kit") -> None:
    world.state.put(memory.key("analytics"), b"\x81\xa7version\x63")
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        await until(lambda: len(world.said()) == 1)


class Silent(World):
    """Watches for silence of more than a minute."""

    def __init__(self, kit: "Kit", folder: Path) -> None:
        super().__init__(kit, folder, [kit.rule(Absence(silence=60), id_="silent")])


@pytest.fixture
def silent(kit: "Kit", tmp_path: Path) -> Iterator[Silent]:
    one = Silent(kit, tmp_path)
    yield one
    one.close()


async def settled(world: World) -> None:
    """The job has judged what came before, and has looked at the clock after it."""
    stranger = world.kit.series(device="stranger")  # not in the roster, so nobody misses it
    for _ in range(2):
        count = world.judged()
        world.accept((stranger, -7200.0, 1.0))
        await until(lambda count=count: world.judged() > count)  # type: ignore[misc]


async def test_a_silent_kiosk_is_told_once_and_told_back(silent: Silent, kit: "Kit") -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.clock.advance(61)
        await until(lambda: len(silent.said()) == 1)
        silent.clock.advance(1)
        silent.accept((kit.series(), 62, 1.0))
        await until(lambda: len(silent.said()) == 2)
    assert silent.verdicts() == [("silent", "raised", 60), ("silent", "cleared", 62)]


async def test_before_saying_that_nothing_came_the_store_is_asked(silent: Silent, kit: "Kit") -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.store((kit.series(), 50, 1.0))  # and no message of the feed tells it
        silent.clock.advance(61)
        await settled(silent)
        await settled(silent)
        assert silent.said() == []


async def test_after_a_start_devices_get_their_time_to_speak(silent: Silent, kit: "Kit") -> None:
    silent.store((kit.series(), -3600, 1.0))
    async with silent.running():
        await settled(silent)
        silent.clock.advance(60)
        await settled(silent)
        assert silent.said() == []
        silent.clock.advance(1)
        await until(lambda: len(silent.said()) == 1)
    assert silent.verdicts() == [("silent", "raised", -3540)]


async def test_after_a_new_start_of_ingest_too(silent: Silent, kit: "Kit") -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.clock.advance(59)
        silent.started, silent.seq = silent.started + 1, 0
        await settled(silent)
        silent.clock.advance(60)
        await settled(silent)
        assert silent.said() == []


async def test_a_raised_silence_is_neither_lost_nor_stuck_by_a_kill(silent: Silent, kit: "Kit") -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.settings = Settings(tick=0.01, checkpoint=3600)
    async with silent.running():
        await settled(silent)
        silent.clock.advance(61)
        await until(lambda: len(silent.said()) == 1)
    silent.store((kit.series(), 70, 1.0))
    silent.clock.advance(10)
    async with silent.running():
        await until(lambda: len(silent.verdicts()) == 2)
    assert silent.verdicts() == [("silent", "raised", 60), ("silent", "cleared", 70)]


async def test_what_the_clock_found_and_a_full_disk_refused_is_said_after_a_kill(
    silent: Silent, kit: "Kit", monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise Full(Path("spool"), "no space left")

    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        with monkeypatch.context() as broken:
            broken.setattr(silent.spool, "extend", refuse)
            silent.clock.advance(61)
            await until(lambda: "no space left" in silent.live.health[1])
    assert silent.said() == []
    async with silent.running():
        await until(lambda: len(silent.said()) == 1)
    assert silent.verdicts() == [("silent", "raised", 60)]


async def test_a_probe_becomes_a_judgement_that_nobody_is_shown(world: World, kit: "Kit") -> None:
    async with world.running():
        for number in range(3):
            world.accept(probes=(Probe(id=f"p{number}", time=kit.now + number),))
        await until(lambda: len(world.said()) == 3)
    assert {one.labels["probe"] for one in world.said()} == {"p0", "p1", "p2"}
    assert all(one.probe and one.rule == "probe" and one.verdict is Verdict.RAISED for one in world.said())
    assert sorted(one.time for one in world.said()) == [kit.now, kit.now + 1, kit.now + 2]


async def test_an_unusual_hour_after_history_was_loaded_by_the_same_path(world: World, kit: "Kit") -> None:
    world.rules = [
        kit.rule(HourOfWeek(side=Side.ABOVE, least_weeks=3, least=20), "people.count", id_="crowd")
    ]
    series = kit.series("people.count", unit="count")
    async with world.running():
        await settled(world)
        for week in (4, 3, 2, 1):
            world.accept(*[(series, hour * HOUR - week * WEEK, 100.0) for hour in range(-3, 1)])
        world.accept((series, -2 * HOUR, 110.0), (series, -HOUR, 500.0), (series, 0, 100.0))
        await until(lambda: len(world.said()) == 2)
    assert world.verdicts() == [("crowd", "raised", -HOUR), ("crowd", "cleared", 0)]
    assert world.said()[0].evidence.expected == 100


async def test_a_full_queue_leaves_out_the_oldest_and_reads_it_again(world: World, kit: "Kit") -> None:
    world.settings = Settings(tick=0.01, queue=2)
    async with world.running():
        for second in range(10):  # faster than the job may run
            world.accept((kit.series(), second, 90.0 if second == 3 else 70.0))
        await until(lambda: len(world.said()) == 2)
    assert world.verdicts() == [("hot", "raised", 3), ("hot", "cleared", 4)]


async def test_a_store_that_does_not_answer_is_waited_for(
    world: World, kit: "Kit", monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = world.engine.range

    def refuse(*_: object, **__: object) -> None:
        raise Retry("the store is away", after=0.01)

    monkeypatch.setattr(world.engine, "range", refuse)
    world.store((kit.series(), 0, 90.0))
    async with world.running():
        await until(lambda: not world.live.health[0])
        assert "away" in world.live.health[1]
        monkeypatch.setattr(world.engine, "range", answer)
        await until(lambda: len(world.said()) == 1)
        await until(lambda: world.live.health[0])
