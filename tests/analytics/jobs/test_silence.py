"""What does not come, judged by the clock of the live job."""

from pathlib import Path

import pytest

from analytics.jobs.settings import Settings
from contracts.rules import Absence
from runtime.spool import Full
from tests.analytics.conftest import Kit
from tests.analytics.jobs.conftest import Build
from tests.analytics.jobs.world import World, settled, until


@pytest.fixture
def silent(kit: Kit, build: Build) -> World:
    """Watches for silence of more than a minute."""
    return build(kit.rule(Absence(silence=60.0), id_="silent"))


async def test_a_silent_kiosk_is_told_once_and_told_back(silent: World, kit: Kit) -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.clock.advance(61)
        await until(lambda: len(silent.said()) == 1)
        silent.clock.advance(1)
        silent.accept((kit.series(), 62, 1.0))
        await until(lambda: len(silent.said()) == 2)
    assert silent.verdicts() == [("silent", "raised", 60), ("silent", "cleared", 62)]


async def test_before_saying_that_nothing_came_the_store_is_asked(silent: World, kit: Kit) -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.store((kit.series(), 50, 1.0))  # and no message of the feed tells it
        silent.clock.advance(61)
        await settled(silent)
        await settled(silent)
        assert silent.said() == []


async def test_after_a_start_devices_get_their_time_to_speak(silent: World, kit: Kit) -> None:
    silent.store((kit.series(), -3600, 1.0))
    async with silent.running():
        await settled(silent)
        silent.clock.advance(60)
        await settled(silent)
        assert silent.said() == []
        silent.clock.advance(1)
        await until(lambda: len(silent.said()) == 1)
    assert silent.verdicts() == [("silent", "raised", -3540)]


async def test_after_a_new_start_of_ingest_too(silent: World, kit: Kit) -> None:
    async with silent.running():
        silent.accept((kit.series(), 0, 1.0))
        await settled(silent)
        silent.clock.advance(59)
        silent.started, silent.seq = silent.started + 1, 0
        await settled(silent)
        silent.clock.advance(60)
        await settled(silent)
        assert silent.said() == []


async def test_a_raised_silence_is_neither_lost_nor_stuck_by_a_kill(silent: World, kit: Kit) -> None:
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
    silent: World, kit: Kit, monkeypatch: pytest.MonkeyPatch
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
