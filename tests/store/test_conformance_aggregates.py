"""What every engine does behind the port with aggregates, roll-ups and retention. Both run all of it."""

import pytest

from contracts.errors import Refused
from contracts.instants import DAY, HOUR, MINUTE, SECOND, floor
from contracts.series import Series, Statistic, Value
from store import errors
from store.port import LEVELS, Engine, Policy
from tests.store.model import ALL, PERCENT, aggregated, agree, block_of, expected, model, noise
from tests.store.parts import Under, a_block, a_series, contents

NOW = 1_790_000_000_000_000  # where the fake clock stands
TODAY = floor(NOW, DAY)
LOAD = a_series()


def test_aggregates_of_samples(engine: Engine) -> None:
    rows = noise(3, NOW - 3 * HOUR, NOW, MINUTE // 3, LOAD, a_series("kiosk-2"))
    rows[a_series(metric="status"), NOW - HOUR] = "online"
    engine.write(block_of(rows))
    agree(engine, rows, NOW - 2 * HOUR, NOW, 10 * SECOND, MINUTE, 7 * MINUTE, HOUR, DAY)


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 11, 100, 101])
def test_percentiles_are_of_the_nearest_rank(engine: Engine, count: int) -> None:
    numbers = [float(n * n % 103) for n in range(count)]
    engine.write(a_block(*((LOAD, TODAY + i, number) for i, number in enumerate(numbers))))
    for statistic in PERCENT:
        found = aggregated(engine, TODAY, TODAY + 1, HOUR, statistic)
        assert found == {(LOAD, TODAY): expected(numbers, statistic)}


def test_a_step_must_be_one(engine: Engine) -> None:
    with pytest.raises(Refused):
        engine.aggregate(ALL, 0, 1, step=0, statistic=Statistic.SUM)


def test_roll_ups_equal_samples(under: Under) -> None:
    engine, start = under.engine, TODAY - 2 * DAY
    rows = noise(4, start, NOW, 5 * MINUTE, LOAD, a_series("kiosk-2"))
    engine.write(block_of(rows))
    agree(engine, rows, start, NOW, HOUR)
    assert engine.roll_up(NOW + 3 * MINUTE) > 0
    agree(engine, rows, start, NOW, *LEVELS, 2 * HOUR, 7 * DAY)
    assert engine.roll_up(NOW + 3 * MINUTE) == 0
    agree(engine, rows, start + 17 * MINUTE, NOW - 5 * HOUR, HOUR, 3 * HOUR)


def test_late_data_is_in_the_aggregate_at_once_and_in_the_roll_up_after(under: Under) -> None:
    engine, start = under.engine, TODAY - 2 * DAY
    rows = noise(5, start, TODAY, 20 * MINUTE, LOAD, a_series("kiosk-2"))
    engine.write(block_of(rows))
    under.clock.advance(120)
    engine.roll_up(under.clock.now())
    changed: dict[tuple[Series, int], Value] = {
        (LOAD, start + HOUR): 1_000.0,  # new
        next(iter(rows)): -1_000.0,  # overwritten
        (LOAD, start + 30 * HOUR): 5.0,
        (a_series("kiosk-3"), start + 3 * HOUR): 7.0,  # a series that was not there
    }
    rows |= changed
    engine.write(block_of(changed))
    agree(engine, rows, start, NOW, MINUTE, 2 * HOUR, DAY)
    under.clock.advance(120)
    assert engine.roll_up(under.clock.now()) > 0
    agree(engine, rows, start, NOW, MINUTE, 2 * HOUR, DAY)


def test_an_hour_may_change_again_and_again(under: Under) -> None:
    engine, hour = under.engine, TODAY - HOUR
    for i in range(1, 4):
        engine.write(a_block((LOAD, hour + i, 1.0)))
        assert aggregated(engine, hour, hour + HOUR, HOUR, Statistic.SUM) == {(LOAD, hour): float(i)}
        under.clock.advance(120)
        engine.roll_up(under.clock.now())
        assert aggregated(engine, hour, hour + HOUR, HOUR, Statistic.SUM) == {(LOAD, hour): float(i)}


def test_a_number_overwritten_by_a_string_leaves_every_aggregate(under: Under) -> None:
    engine, start = under.engine, TODAY - DAY
    rows = noise(6, start, start + 3 * HOUR, 20 * MINUTE, LOAD)
    engine.write(block_of(rows))
    under.clock.advance(120)
    engine.roll_up(under.clock.now())
    changed: dict[tuple[Series, int], Value] = dict.fromkeys(list(rows)[:4], "no number")
    rows |= changed
    engine.write(block_of(changed))
    agree(engine, rows, start, NOW, *LEVELS)
    under.clock.advance(120)
    engine.roll_up(under.clock.now())
    agree(engine, rows, start, NOW, *LEVELS)
    assert contents(engine) == rows


def test_retention_removes_what_is_due_by_channel_and_says_so(under: Under) -> None:
    engine, old = under.engine, TODAY - 40 * DAY
    family = {
        "telemetry": a_series(metric="cpu.load"),
        "event": a_series(metric="event.alarm"),
        "status": a_series(metric="status"),
        "probe": a_series(metric="event.probe"),
    }
    value: Value
    for channel, series in family.items():
        value = 1.0 if channel == "telemetry" else "x"
        engine.write(a_block((series, old, value), (series, NOW - 2 * HOUR, value), (series, NOW, value)))
    under.clock.advance(120)
    report = engine.retain(
        [
            Policy(channel="telemetry", keep=10 * DAY),
            Policy(channel="event", keep=50 * DAY),
            Policy(channel="status", keep=20 * DAY),
            Policy(channel="probe", keep=HOUR),
        ],
        under.clock.now(),
    )
    assert [(kept.channel, kept.due, kept.gone) for kept in report.kept] == [
        ("telemetry", 1, 1),
        ("event", 0, 0),
        ("status", 1, 1),
        ("probe", 2, 2),
    ]
    assert (report.due, report.gone) == (4, 4)
    left = {series.metric: 0 for series in family.values()}
    for series, _ in contents(engine):
        left[series.metric] += 1
    assert left == {"cpu.load": 2, "event.alarm": 3, "status": 2, "event.probe": 1}


def test_aggregates_outlive_their_samples(under: Under) -> None:
    engine, start = under.engine, TODAY - 4 * DAY
    rows = noise(8, start, NOW, 10 * MINUTE, LOAD, a_series("kiosk-2"))
    engine.write(block_of(rows))
    under.clock.advance(180)
    report = engine.retain([Policy(channel="telemetry", keep=2 * DAY)], under.clock.now())
    kept_from = report.kept[0].before
    assert kept_from == TODAY - 2 * DAY
    assert report.gone == sum(time < kept_from for _, time in rows)
    assert contents(engine) == {key: value for key, value in rows.items() if key[1] >= kept_from}
    agree(engine, rows, start, NOW, MINUTE, HOUR, DAY)
    for statistic in (Statistic.COUNT, Statistic.SUM, Statistic.MEAN, Statistic.MIN, Statistic.MAX):
        step = 3 * DAY  # one bucket of it is half expired
        assert aggregated(engine, start, NOW, step, statistic) == pytest.approx(
            model(rows, start, NOW, step, statistic)
        )
    for step, statistic in ((3 * HOUR, Statistic.P95), (10 * SECOND, Statistic.MAX)):
        with pytest.raises(errors.Gone, match="have expired"):
            engine.aggregate(ALL, start, NOW, step=step, statistic=statistic)
        assert aggregated(engine, kept_from, NOW, step, statistic) == pytest.approx(
            model(rows, kept_from, NOW, step, statistic)
        )


def test_a_sample_older_than_its_retention_disturbs_no_aggregate(under: Under) -> None:
    engine, start = under.engine, TODAY - 4 * DAY
    rows = noise(9, start, NOW, 30 * MINUTE, LOAD)
    engine.write(block_of(rows))
    under.clock.advance(180)
    policies = [Policy(channel="telemetry", keep=2 * DAY)]
    engine.retain(policies, under.clock.now())
    engine.write(a_block((LOAD, start + HOUR, 1e9)))
    under.clock.advance(180)
    report = engine.retain(policies, under.clock.now())
    assert (report.due, report.gone) == (1, 1)
    agree(engine, rows, start, NOW, MINUTE, DAY)


def test_roll_ups_have_retention_of_their_own(under: Under) -> None:
    engine = under.engine
    engine.write(a_block((LOAD, TODAY - 20 * DAY, 1.0), (LOAD, TODAY - DAY, 2.0)))
    under.clock.advance(180)
    report = engine.retain(
        [Policy(channel="rollup", level=level, keep=10 * DAY) for level in LEVELS[:2]], under.clock.now()
    )
    assert [(kept.level, kept.due, kept.gone) for kept in report.kept] == [
        (MINUTE, 1, 1),
        (15 * MINUTE, 1, 1),
    ]
    assert len(aggregated(engine, 0, NOW, MINUTE, Statistic.SUM)) == 1
    assert len(aggregated(engine, 0, NOW, HOUR, Statistic.SUM)) == 2
