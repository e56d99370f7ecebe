"""What every engine does behind the port, sample by sample. Both run all of it."""

import math
import random

import pytest

from contracts.instants import DAY, HOUR, MINUTE, SECOND, floor
from contracts.series import Block, Data, Selector, Series, Statistic, Value
from contracts.topics import Kind
from store import errors
from store.port import Engine, Policy
from tests.store.model import ALL, agree, block_of, noise
from tests.store.parts import Under, a_block, a_series, contents

NOW = 1_790_000_000_000_000  # where the fake clock stands
TODAY = floor(NOW, DAY)
LOAD = a_series()
VALUES: list[Value] = [
    0.0,
    -1.5e-300,
    1e16,
    3.0,
    "",
    'quotes " and \\ back\\slashes\\',
    "lines\nand\ttabs, =commas",
    "batik mega mendung ☁",
    True,
    False,
    Data(b""),
    Data(bytes(range(256))),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was(engine: Engine, value: Value) -> None:
    engine.write(a_block((LOAD, NOW, value)))
    (points,) = engine.range(ALL, NOW, NOW + 1)
    (last,) = engine.last(ALL)
    assert (list(points.times), list(points.values)) == ([NOW], [value])
    assert (last.series, last.time, last.value) == (LOAD, NOW, value)
    assert type(points.values[0]) is type(value)


def test_values_of_all_kinds_stand_in_one_series(engine: Engine) -> None:
    rows = {(LOAD, NOW + i): value for i, value in enumerate(VALUES)}
    engine.write(block_of(rows))
    assert contents(engine) == rows


def test_an_identical_repeat_changes_nothing(engine: Engine) -> None:
    rows = noise(1, NOW - HOUR, NOW, MINUTE, LOAD, a_series("kiosk-2"))
    rows |= {(a_series(metric="status"), NOW): "online", (a_series(metric="door"), NOW): True}
    for _ in range(3):
        engine.write(block_of(rows))
    assert contents(engine) == rows


def test_of_one_series_and_time_the_last_write_wins(engine: Engine) -> None:
    for value in (1.0, 2.0, "broken", Data(b"\x00"), True, 3.0, "again", 4.0):
        engine.write(a_block((LOAD, NOW, value), (LOAD, NOW - SECOND, 0.5)))
        assert contents(engine) == {(LOAD, NOW): value, (LOAD, NOW - SECOND): 0.5}
        assert engine.last(ALL)[0].value == value


def test_of_one_block_the_last_row_wins(engine: Engine) -> None:
    other = a_series("kiosk-2")
    engine.write(
        a_block(
            (LOAD, NOW, 1.0), (other, NOW, "x"), (LOAD, NOW, "y"), (other, NOW, 2.0), (LOAD, NOW - 1, 3.0)
        )
    )
    assert contents(engine) == {(LOAD, NOW): "y", (other, NOW): 2.0, (LOAD, NOW - 1): 3.0}


def test_late_data_of_a_month_mixed_with_live_data(engine: Engine) -> None:
    late, live = a_series("kiosk-1"), a_series("kiosk-2")
    rows: dict[tuple[Series, int], Value] = {(late, NOW): -1.0}
    engine.write(block_of(rows))
    chunks = [
        noise(day, NOW - (30 - day) * DAY, NOW - (29 - day) * DAY, 30 * MINUTE, late)
        for day in range(0, 30, 3)
    ]
    random.Random(7).shuffle(chunks)
    for i, chunk in enumerate(chunks):
        both = chunk | {(live, NOW + i * SECOND): float(i), (late, NOW + i * SECOND): float(-i)}
        rows |= both
        engine.write(block_of(both))
        assert engine.last(Selector(devices=("kiosk-2",)))[0].value == float(i)
    for chunk in chunks[:3]:  # the same once more, and once changed
        engine.write(block_of(chunk))
        changed: dict[tuple[Series, int], Value] = dict.fromkeys(list(chunk)[::2], 99.0)
        rows |= changed
        engine.write(block_of(changed))
    assert contents(engine) == rows


def test_a_range_holds_its_start_and_not_its_end(engine: Engine) -> None:
    engine.write(a_block(*((LOAD, NOW + i, float(i)) for i in range(5))))
    (points,) = engine.range(ALL, NOW + 1, NOW + 4)
    assert list(points.times) == [NOW + 1, NOW + 2, NOW + 3]
    assert engine.range(ALL, NOW + 5, NOW + 9) == []


def test_a_page_is_the_oldest_and_cuts_through_no_instant(engine: Engine) -> None:
    a, b, c = a_series("a"), a_series("b"), a_series("c", "door")
    for i in range(4):
        engine.write(a_block((a, NOW + i, 1.0), (b, NOW + i, 2.0), (c, NOW + i, "open")))
    page = engine.range(ALL, NOW, NOW + 10, limit=7)
    assert {t for points in page for t in points.times} == {NOW, NOW + 1}
    assert sum(len(points.times) for points in page) == 6
    tight = engine.range(ALL, NOW, NOW + 10, limit=2)  # one instant alone holds more
    assert [list(points.times) for points in tight] == [[NOW], [NOW]]
    assert len(contents(engine)) == 12


def test_selectors(engine: Engine) -> None:
    family = [
        a_series("kiosk-1", "cpu.load", unit="/"),
        a_series("kiosk-1", "net.rx", instance="eth0", unit="B/s"),
        a_series("kiosk-1", "net.rx", instance="eth1:2/3", unit="B/s"),
        a_series("kiosk-1", "net.rx", unit="B/s"),
        a_series("node-7", "net.rx", kind="wifi", site="kota", unit="%RH, odd = unit"),
        a_series("node-8", "event.alarm", kind="wifi"),
    ]
    engine.write(a_block(*((one, NOW, 1.0) for one in family)))
    for selector in (
        ALL,
        Selector(site="kota"),
        Selector(kind=Kind.WIFI),
        Selector(devices=("kiosk-1",)),
        Selector(devices=("kiosk-1", "node-8")),
        Selector(metrics=("net.rx",)),
        Selector(metrics=("net.rx", "event.alarm"), kind=Kind.WIFI),
        Selector(instance=""),
        Selector(instance="eth1:2/3"),
        Selector(site="nowhere"),
        Selector(metrics=("unknown",)),
    ):
        wanted = {one for one in family if selector.matches(one)}
        assert {points.series for points in engine.range(selector, NOW, NOW + 1)} == wanted, selector
        assert {one.series for one in engine.last(selector)} == wanted, selector
        assert set(engine.list(selector)) == wanted, selector
        counted = engine.aggregate(selector, NOW, NOW + 1, step=SECOND, statistic=Statistic.COUNT)
        assert {one.series for one in counted} == wanted, selector


def test_last_is_the_newest_by_sample_time(engine: Engine) -> None:
    engine.write(a_block((LOAD, NOW, 1.0)))
    engine.write(a_block((LOAD, NOW - HOUR, 2.0)))
    assert [(one.time, one.value) for one in engine.last(ALL)] == [(NOW, 1.0)]
    engine.write(a_block((LOAD, NOW, 3.0)))
    assert [(one.time, one.value) for one in engine.last(ALL)] == [(NOW, 3.0)]


def test_series_are_listed_page_by_page(engine: Engine) -> None:
    family = [a_series(f"kiosk-{i}", m) for i in range(11, 0, -1) for m in ("cpu.load", "a.b", "cpu")]
    engine.write(a_block(*((one, NOW, 1.0) for one in family)))
    listed: list[Series] = []
    while page := engine.list(ALL, after=listed[-1] if listed else None, limit=7):
        assert len(page) <= 7
        listed += page
    order = sorted(family, key=lambda s: (s.site, s.kind, s.device, s.metric, s.instance, s.unit))
    assert listed == order
    assert (
        engine.list(Selector(metrics=("cpu",)), after=family[0], limit=3)
        == [one for one in order if one.metric == "cpu" and order.index(one) > order.index(family[0])][:3]
    )


def test_rows_that_nobody_takes_are_named_and_the_others_stored(engine: Engine) -> None:
    odd = a_series(unit="back\\slash")
    rows: list[tuple[Series, int, Value]] = [
        (LOAD, NOW, 1.0),
        (LOAD, NOW + 1, math.nan),
        (LOAD, NOW + 2, math.inf),
        (LOAD, -1, 1.0),
        (LOAD, 2**63 - 1, 1.0),
        (odd, NOW, 1.0),
        (LOAD, NOW + 3, "x" * 20_000),
        (LOAD, NOW + 4, "fine"),
    ]
    with pytest.raises(errors.Rejected) as caught:
        engine.write(a_block(*rows))
    assert sorted(caught.value.rows) == [1, 2, 3, 4, 5, 6]
    assert all(caught.value.rows.values())
    assert contents(engine) == {(LOAD, NOW): 1.0, (LOAD, NOW + 4): "fine"}


def test_the_newest_are_known_after_everything_was_rolled_up_and_a_restart(under: Under) -> None:
    door = a_series(metric="door")
    under.engine.write(a_block((LOAD, NOW - DAY, 1.0), (LOAD, NOW, 2.0), (door, NOW - 1, True)))
    under.engine.roll_up(NOW + 2 * DAY)
    under.engine.write(a_block((LOAD, NOW - 5, 7.0)))
    engine = under.reopen()
    assert [(one.series, one.time, one.value) for one in engine.last(ALL)] == [
        (LOAD, NOW, 2.0),
        (door, NOW - 1, True),
    ]


def test_late_rows_behind_late_rows_meet_each_other(engine: Engine) -> None:
    rows: dict[tuple[Series, int], Value] = {(LOAD, NOW): 0.0, (LOAD, NOW - HOUR): 0.0}
    engine.write(block_of(rows))
    start = NOW - 2 * HOUR  # where the series is known to be empty once the first row came
    for value, offsets in ((1.0, [0]), (2.0, [1, 2, 3]), (3.0, [2, 3, 4]), (4.0, [1]), (5.0, [5])):
        more: dict[tuple[Series, int], Value] = {(LOAD, start + i * SECOND): value for i in offsets}
        rows |= more
        engine.write(block_of(more))
    across: dict[tuple[Series, int], Value] = {(LOAD, start + i * 20 * MINUTE): 6.0 for i in range(1, 6)}
    rows |= across  # meets the sample that ends the empty stretch
    engine.write(block_of(across))
    assert contents(engine) == rows


def test_everything_is_there_after_a_restart(under: Under) -> None:
    rows = noise(10, TODAY - DAY, NOW, 20 * MINUTE, LOAD, a_series("kiosk-2"))
    rows |= {(a_series(metric="status"), NOW): "online"}
    under.engine.write(block_of(rows))
    under.engine.roll_up(NOW)
    before = under.engine.last(ALL)
    engine = under.reopen()
    assert engine.last(ALL) == before
    assert contents(engine) == rows
    late: dict[tuple[Series, int], Value] = {(LOAD, TODAY - DAY + 5): 1.0, (LOAD, NOW + 5): 2.0}
    engine.write(block_of(late))
    agree(engine, rows | late, TODAY - DAY, NOW, HOUR, DAY)
    assert contents(engine) == rows | late


def test_an_empty_engine_answers(engine: Engine) -> None:
    engine.write(Block())
    assert engine.range(ALL, 0, NOW) == []
    assert engine.last(ALL) == []
    assert engine.list(ALL) == []
    assert engine.aggregate(ALL, 0, NOW, step=DAY, statistic=Statistic.P99) == []
    assert engine.roll_up(NOW) == 0
    assert engine.retain([Policy(channel="telemetry", keep=DAY)], NOW).due == 0


def test_who_may_open_it_twice(under: Under, request: pytest.FixtureRequest) -> None:
    if under.shares:
        second = under.reopen  # a fresh engine on the same bucket, while another worker's stays open
        under.engine.write(a_block((LOAD, NOW, 1.0)))
        assert contents(second()) == {(LOAD, NOW): 1.0}
    else:
        from store import embedded

        path = under.engine._file.path  # type: ignore[attr-defined]
        with pytest.raises(errors.Owned, match="influx"):
            embedded.File(path, memory_mb=64, threads=1)
