"""A back-test says what the live job said: same samples, same judgements."""

import asyncio
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.backtest import replay
from analytics.backtest.replay import Span
from analytics.backtest.table import Table
from analytics.evaluate import Evaluator
from contracts.judgements import Judgement
from contracts.roster import Window
from contracts.rules import Absence, Rule, Threshold
from contracts.series import Series
from devices.roster import Roster
from tests.analytics.conftest import NOW, SECOND, Kit
from tests.analytics.jobs.world import World, settled, until

KIT = Kit()
RULES = (
    KIT.rule(Threshold(limit=80, clear=70, hold=20), "temperature"),
    KIT.rule(Absence(silence=60), id_="kiosk-silent"),
)
_TIMES = st.lists(st.integers(1, 200), min_size=1, max_size=15)
_VALUES = st.lists(st.sampled_from([60.0, 75.0, 90.0]), min_size=15, max_size=15)


def played(rule: Rule, table: Table, end: int, roster: Roster) -> list[Judgement]:
    async def main() -> list[Judgement]:
        span = Span(since=NOW, until=end)
        return [found async for one in replay.replay(rule, table, roster, span) for found in one.found]

    return asyncio.run(main())


def lived(rule: Rule, rows: list[tuple[Series, float, float]], until: int, roster: Roster) -> list[Judgement]:
    """As the live job at its finest: each sample when it comes, looks just behind each second."""
    evaluator = Evaluator([rule])
    found: list[Judgement] = []
    begins = NOW
    for row in [*rows, None]:
        arrives = until if row is None else NOW + round(row[1] * SECOND)
        looks = range(begins + 1, arrives + 1, SECOND)  # where a silence of whole seconds is too long
        for now in (*looks, arrives):
            found += evaluator.tick(KIT.scene((now - NOW) / SECOND, roster), NOW)
        if row is not None:
            found += evaluator.take(KIT.samples([row]), KIT.scene(row[1], roster))
        begins = arrives
    return found


@settings(max_examples=60, deadline=None)
@given(gaps=st.tuples(_TIMES, _TIMES), values=st.tuples(_VALUES, _VALUES), page=st.integers(1, 40))
def test_any_samples_give_the_same_judgements(
    gaps: tuple[list[int], list[int]], values: tuple[list[float], list[float]], page: int
) -> None:
    rows: list[tuple[Series, float, float]] = []
    for device, (steps, numbers) in enumerate(zip(gaps, values, strict=True), start=1):
        series, at = KIT.series(device=f"kiosk-{device}"), 0
        for step, number in zip(steps, numbers, strict=False):
            at += step
            rows.append((series, float(at), number))
    rows.sort(key=lambda row: row[1])
    until = NOW + round((max(row[1] for row in rows) + 100) * SECOND)
    roster = KIT.roster(Window(start=NOW + 400 * SECOND, end=NOW + 500 * SECOND))
    table = Table((one, NOW + round(at * SECOND), number) for one, at, number in rows)
    whole, replay.PAGE = replay.PAGE, page  # type: ignore[misc]  # so that pages end anywhere
    try:
        for rule in RULES:
            expected = [one.id for one in lived(rule, rows, until, roster)]
            assert sorted(one.id for one in played(rule, table, until, roster)) == sorted(expected)
    finally:
        replay.PAGE = whole  # type: ignore[misc]


async def test_what_is_stored_gives_what_the_live_job_said(kit: Kit, tmp_path: Path) -> None:
    rule = RULES[0]
    world = World(kit, tmp_path, [rule])
    try:
        hot = kit.series()
        async with world.running():
            for at, value in ((0, 60.0), (10, 90.0), (20, 91.0), (40, 92.0), (60, 60.0), (90, 61.0)):
                world.clock.advance(at - (world.clock.now() - kit.now) / SECOND)
                world.accept((hot, float(at), value))
                await settled(world)
            await until(lambda: len(world.said()) >= 2, 60)
        end = world.clock.now() + SECOND
        span = Span(since=kit.now, until=end)
        found = [
            one.id
            async for part in replay.replay(rule, world.engine, kit.roster(), span)
            for one in part.found
        ]
        assert found == [one.id for one in world.said()]
        assert len(found) == 2
    finally:
        world.close()


def test_judgements_come_in_the_order_of_the_clock() -> None:
    series = KIT.series()
    table = Table((series, NOW + second * SECOND, 90.0) for second in (0, 30, 400, 430, 900))
    found = played(RULES[1], table, NOW + 2_000 * SECOND, KIT.roster())
    assert [(one.verdict.value, (one.time - NOW) / SECOND) for one in found] == [
        ("raised", 90),
        ("cleared", 400),
        ("raised", 490),
        ("cleared", 900),
        ("raised", 960),
    ]
    assert all(one.judged <= two.judged for one, two in pairwise(found))
