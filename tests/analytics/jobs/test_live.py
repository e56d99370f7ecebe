"""The live job on a real store and spool: what is lost is read again, a kill changes nothing."""

import pytest

from analytics.jobs import history, memory
from analytics.jobs.settings import Settings
from contracts.events import Probe
from contracts.judgements import Verdict
from contracts.rules import HourOfWeek, Side, Threshold
from runtime.spool import Lane
from store.errors import Retry
from tests.analytics.conftest import Kit
from tests.analytics.jobs.conftest import Build
from tests.analytics.jobs.world import HOUR, World, settled, until

WEEK = 7 * 24 * HOUR
HOT = Threshold(limit=80.0)


@pytest.fixture
def world(kit: Kit, build: Build) -> World:
    return build(kit.rule(HOT, "temperature", id_="hot"))


async def test_a_hot_kiosk_is_told_and_told_well_again(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        world.accept((kit.series(), 5, 70.0))
        await until(lambda: len(world.said()) == 2)
    [batch, _] = world.spool.due(Lane.JUDGEMENT, after=0, count=10, size=100_000)
    assert batch.topic == "imm/v1/bima/judgement/analytics"
    assert world.verdicts() == [("hot", "raised", 0), ("hot", "cleared", 5)]


async def test_what_the_feed_lost_is_read_from_the_store(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0))
        world.lose((kit.series(), 1, 90.0), (kit.series(), 2, 70.0))
        world.accept((kit.series(), 3, 70.0))
        await until(lambda: len(world.said()) == 2)
    assert world.verdicts() == [("hot", "raised", 1), ("hot", "cleared", 2)]


async def test_a_new_start_of_ingest_is_a_hole_too(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0))
        world.lose((kit.series(), 1, 90.0))
        world.started, world.seq = world.started + 1, 0
        world.accept((kit.series(device="kiosk-2"), 2, 70.0))
        await until(lambda: len(world.said()) == 1)
    assert world.verdicts() == [("hot", "raised", 1)]


async def test_a_loss_that_no_hole_shows_is_found_by_looking_now_and_then(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0))
        await until(lambda: world.state.get(memory.key("analytics")) is not None)
        world.store((kit.series(), 1, 90.0))
        world.clock.advance(world.settings.recheck + 1)
        await until(lambda: len(world.said()) == 1)


async def test_a_device_far_behind_is_read_from_where_it_was(world: World, kit: Kit) -> None:
    late = kit.series(device="kiosk-2")
    async with world.running():
        world.accept((late, 0, 70.0))
        world.clock.advance(2 * HOUR)
        world.accept((kit.series(), 2 * HOUR, 70.0))
        world.lose((late, 60, 90.0))
        world.accept((kit.series(), 2 * HOUR + 1, 70.0))
        await until(lambda: len(world.said()) == 1)
    assert world.verdicts() == [("hot", "raised", 60)]


async def _told(world: World) -> None:
    """Let time pass until something is said."""

    def passes() -> bool:
        world.clock.advance(0.05)
        return bool(world.verdicts())

    await until(passes)


async def test_a_peak_that_comes_after_newer_samples_is_told(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0), (kit.series(), 60, 70.0))
        await settled(world)
        world.accept((kit.series(), 20, 90.0), (kit.series(), 30, 70.0))
        await _told(world)
    assert world.verdicts() == [("hot", "raised", 20), ("hot", "cleared", 30)]


async def test_what_comes_later_than_can_be_judged_is_counted(world: World, kit: Kit) -> None:
    async with world.running():
        for minute in (0, 15, 30, 45):
            world.accept((kit.series(), 60.0 * minute, 70.0))
            await settled(world)
        world.accept((kit.series(), 30, 90.0))

        def counted() -> bool:
            world.clock.advance(0.05)
            return world.registry.get_sample_value("imm_analytics_unjudged", {"why": "late"}) == 1

        await until(counted)
    assert world.verdicts() == []


async def test_a_peak_that_comes_late_and_unheard_is_told(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 70.0), (kit.series(), 60, 70.0))
        await settled(world)
        world.lose((kit.series(), 20, 90.0), (kit.series(), 30, 70.0))
        world.accept((kit.series(), 61, 70.0))
        await _told(world)
    assert world.verdicts() == [("hot", "raised", 20), ("hot", "cleared", 30)]


async def test_what_came_while_it_was_away_is_judged_at_the_start(world: World, kit: Kit) -> None:
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        await until(lambda: len(world.said()) == 1)
    world.lose((kit.series(), 5, 70.0), (kit.series(), 6, 95.0))
    async with world.running():
        await until(lambda: len(world.verdicts()) == 3)
    assert world.verdicts() == [("hot", "raised", 0), ("hot", "cleared", 5), ("hot", "raised", 6)]


async def test_a_kill_between_judging_and_saving_changes_nothing(world: World, kit: Kit) -> None:
    world.settings = Settings(tick=0.01, checkpoint=3600)
    async with world.running():
        world.accept((kit.series(), 0, 90.0), (kit.series(), 1, 70.0))
        await until(lambda: len(world.said()) == 2)
    assert world.state.get(memory.key("analytics")) is None
    async with world.running():
        await until(lambda: len(world.said()) == 4)
    assert world.verdicts() == [("hot", "raised", 0), ("hot", "cleared", 1)]


async def test_a_hold_outlives_a_kill(world: World, kit: Kit) -> None:
    world.rules = [kit.rule(Threshold(limit=80.0, hold=60.0), "temperature", id_="hot")]
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        await until(lambda: world.state.get(memory.key("analytics")) is not None)
        world.accept((kit.series(), 30, 90.0))
    async with world.running():
        world.accept((kit.series(), 60, 90.0))
        await until(lambda: len(world.said()) == 1)
    assert world.verdicts() == [("hot", "raised", 60)]


async def test_a_memory_of_another_version_is_left_aside(world: World, kit: Kit) -> None:
    world.state.put(memory.key("analytics"), b"\x81\xa7version\x63")
    async with world.running():
        world.accept((kit.series(), 0, 90.0))
        await until(lambda: len(world.said()) == 1)


async def test_a_probe_becomes_a_judgement_that_nobody_is_shown(world: World, kit: Kit) -> None:
    async with world.running():
        for number in range(3):
            world.accept(probes=(Probe(id=f"p{number}", time=kit.now + number),))
        await until(lambda: len(world.said()) == 3)
    assert {one.labels["probe"] for one in world.said()} == {"p0", "p1", "p2"}
    assert all(one.probe and one.rule == "probe" and one.verdict is Verdict.RAISED for one in world.said())
    assert sorted(one.time for one in world.said()) == [kit.now, kit.now + 1, kit.now + 2]


async def test_an_unusual_hour_after_history_was_loaded_by_the_same_path(world: World, kit: Kit) -> None:
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


async def test_a_full_queue_leaves_out_the_oldest_and_reads_it_again(world: World, kit: Kit) -> None:
    world.settings = Settings(tick=0.01, queue=2)
    async with world.running():
        for second in range(10):  # faster than the job may run
            world.accept((kit.series(), second, 90.0 if second == 3 else 70.0))
        await until(lambda: len(world.said()) == 2)
    assert world.verdicts() == [("hot", "raised", 3), ("hot", "cleared", 4)]


async def test_a_store_that_does_not_answer_is_waited_for(
    world: World, kit: Kit, monkeypatch: pytest.MonkeyPatch
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


async def test_what_is_read_again_does_not_end_at_an_instant_that_a_page_would_cut_through(
    world: World, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 3)
    one, two = kit.series(), kit.series(device="kiosk-2")
    world.lose(*((series, float(at), 60.0) for at in range(4) for series in (one, two)))
    world.lose((one, 5.0, 90.0), (two, 5.0, 60.0))
    async with world.running():
        await until(lambda: world.verdicts() == [("hot", "raised", 5)], 60)
