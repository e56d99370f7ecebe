"""Sketches of visitors merge on each engine and database, and only numbers leave the store."""

import threading
from collections.abc import Iterable, Iterator

import datasketches
import msgspec
import pytest

from contracts import instants, sitekeys, sketches
from contracts.batches import Sequence, Stream
from contracts.instants import HOUR, MINUTE
from contracts.series import Block, Data, Selector, Series, Statistic, Value
from contracts.sketches import LG_K, METRIC, Sketch, Subject
from contracts.topics import Device, Kind
from contracts.visitors import LEAST
from runtime.clock import Fake
from store import errors
from store.bundle import Store
from store.sink import Arrival, Write
from store.visitors import merge
from store.visitors.rollup import MOST_KEYS
from tests.store.parts import Under, a_block

DAY = "2026-11-30"
MIDNIGHT = sitekeys.bounds(DAY)[0]
TEN = MIDNIGHT + 10 * HOUR
KEY, OTHER = "0" * 16, "1" * 16
CLOSED = TEN + HOUR + 3 * MINUTE


def a_body(people: Iterable[int]) -> bytes:
    sketch = datasketches.hll_sketch(LG_K, datasketches.tgt_hll_type.HLL_4)
    for person in people:
        sketch.update(person)
    raw: bytes = sketch.serialize_compact()
    return raw


def a_sketch(people: Iterable[int], start: int = TEN, **rest: object) -> Sketch:
    fields = {
        "site": "bima",
        "day": sitekeys.day_of(start),
        "key": KEY,
        "start": start,
        "end": start + 5 * MINUTE,
        "subject": Subject.STATIONS,
        "body": a_body(people),
    }
    return Sketch(**{**fields, **rest})  # type: ignore[arg-type]


embedded = pytest.mark.parametrize("whole", ["embedded"], indirect=True)
numbers: Iterator[int] = iter(range(1, 10_000_000))


def send(store: Store, device: str, *found: Sketch, sequence: int | None = None) -> int:
    """Hand sketches over as ingest does, as one batch; return how many samples were counted as stored."""
    block = Block()
    for one in found:
        series = Series(
            site=one.site, kind=Kind.WIFI, device=device, metric=METRIC, instance=str(one.subject)
        )
        block.append(series, one.start, sketches.encode(one))
    stream = Stream(device=device, channel="telemetry")
    arrival = Arrival(
        device=Device(site="bima", kind=Kind.WIFI, device=device),
        channel=stream.channel,
        sequence=Sequence(stream=stream, epoch=1, seq=sequence or next(numbers)),
        rows=(0, len(block)),
        counts={TEN: len(block)},
    )
    return store.sink.commit(Write(worker="w1", at=TEN, block=block, arrivals=[arrival])).stored


def figures(store: Store, instance: str = "hour", subject: str = "unique") -> dict[tuple[str, int], Value]:
    """What the reader gives of them: (metric's last words, time) → value."""
    selector = Selector(devices=("visitors",), instance=instance)
    return {
        (points.series.metric.removeprefix("visitors."), time): value
        for points in store.engine.range(selector, 0, 2**62)
        for time, value in zip(points.times, points.values, strict=True)
        if points.series.metric.startswith(f"visitors.{subject}")
    }


def state(store: Store, instance: str = "stations.hour", time: int = TEN) -> dict[str, object]:
    selector = Selector(devices=("visitors",), metrics=("visitors.state",), instance=instance)
    (points,) = store.engine.range(selector, time, time + 1)
    found: dict[str, object] = msgspec.json.decode(str(points.values[0]))
    return found


def test_one_visitor_seen_by_five_nodes_counts_once(whole: Store) -> None:
    for node in range(5):
        for interval in range(3):
            send(whole, f"wifi-{node}", a_sketch(range(300), TEN + interval * 5 * MINUTE))
    assert whole.visitors.run(CLOSED) == 1
    found = figures(whole)
    assert found["unique", TEN] == 300.0
    assert found["unique.low", TEN] <= 300 <= found["unique.high", TEN]  # type: ignore[operator]
    assert state(whole) == {"state": "counted", "devices": 5}
    ledger = [(row.received, row.stored, row.missing) for row in whole.ledger.rows(0, 2**62)]
    assert ledger == [(3, 3, 0)] * 5


def test_what_two_nodes_saw_adds_up_but_for_those_whom_both_saw(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(20_000)))
    send(whole, "wifi-2", a_sketch(range(10_000, 30_000)))
    whole.visitors.run(CLOSED)
    assert figures(whole)["unique", TEN] == pytest.approx(30_000, rel=0.03)


def test_an_hour_is_shown_when_it_is_over_and_a_day_when_it_is_over_in_cirebon(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(50)), a_sketch(range(40, 90), TEN + HOUR))
    assert whole.visitors.run(TEN + HOUR) == 0
    assert figures(whole) == {}
    assert whole.visitors.run(TEN + 2 * HOUR + 3 * MINUTE) == 2
    assert {time: v for (what, time), v in figures(whole).items() if what == "unique"} == {
        TEN: 50.0,
        TEN + HOUR: 50.0,
    }
    assert figures(whole, "day") == {}
    assert whole.visitors.run(MIDNIGHT + instants.DAY + 3 * MINUTE) == 1
    assert figures(whole, "day")["unique", MIDNIGHT] == 90.0  # of both hours, nobody twice
    assert whole.visitors.run(MIDNIGHT + instants.DAY + 4 * MINUTE) == 0


def test_fewer_than_five_are_not_shown(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(LEAST - 1)))
    whole.visitors.run(CLOSED)
    assert figures(whole) == {}
    assert state(whole) == {"state": "suppressed", "devices": 1}
    send(whole, "wifi-2", a_sketch(range(LEAST)))
    whole.visitors.run(CLOSED)
    assert figures(whole)["unique", TEN] == LEAST


def test_the_same_again_and_late_changes_nothing(whole: Store) -> None:
    found = [a_sketch(range(3_000)), a_sketch(range(2_000, 5_000), TEN + 5 * MINUTE)]
    assert send(whole, "wifi-1", *found, sequence=7) == 2
    whole.visitors.run(CLOSED)
    before = figures(whole)
    assert send(whole, "wifi-1", *found, sequence=7) == 0  # the ledger knows it: not even merged
    send(whole, "wifi-1", *reversed(found))  # sent under another number, as after a lost spool
    whole.visitors.run(CLOSED + HOUR)
    assert figures(whole) == before


def test_what_comes_late_moves_the_figures_but_never_by_a_few(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(100)))
    whole.visitors.run(CLOSED)
    send(whole, "wifi-2", a_sketch(range(100, 103)))
    assert whole.visitors.run(CLOSED + HOUR) == 0
    assert figures(whole)["unique", TEN] == 100.0  # 103 beside 100 would tell of three
    send(whole, "wifi-3", a_sketch(range(103, 107)))
    assert whole.visitors.run(CLOSED + 2 * HOUR) == 1
    assert figures(whole)["unique", TEN] == 107.0
    whole.visitors.run(MIDNIGHT + instants.DAY + HOUR)
    assert figures(whole, "day")["unique", MIDNIGHT] == 107.0


@embedded
def test_keys_that_changed_are_never_added_up(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(100)))
    send(whole, "wifi-2", a_sketch(range(200), key=OTHER))
    whole.visitors.run(CLOSED)
    found = figures(whole)
    assert (found["unique", TEN], found["unique.low", TEN], found["unique.high", TEN]) == (
        200.0,
        200.0,
        300.0,
    )
    assert state(whole) == {
        "state": "key-changed",
        "devices": 2,
        "keys": 2,
        "parts": [
            {"key": KEY, "value": 100.0, "low": 100.0, "high": 100.0},
            {"key": OTHER, "value": 200.0, "low": 200.0, "high": 200.0},
        ],
    }


@embedded
def test_a_small_part_cannot_be_worked_out_from_the_bounds(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(100)))
    send(whole, "wifi-2", a_sketch(range(3), key=OTHER))
    whole.visitors.run(CLOSED)
    assert figures(whole)["unique.high", TEN] == 100.0 + LEAST
    assert [part["key"] for part in state(whole)["parts"]] == [KEY]  # type: ignore[attr-defined]


@embedded
def test_addresses_and_names_are_counted_apart(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(10)), a_sketch(range(7), subject=Subject.USERS))
    whole.visitors.run(CLOSED)
    assert figures(whole)["unique", TEN] == 10.0
    assert figures(whole, subject="users")["users", TEN] == 7.0


@embedded
def test_sites_are_counted_apart(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(10)), a_sketch(range(20), site="kesambi"))
    assert whole.visitors.run(CLOSED) == 2
    selector = Selector(site="kesambi", metrics=("visitors.unique",))
    assert [one.value for one in whole.engine.last(selector)] == [20.0]


def test_no_reader_gives_a_sketch(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(100)))
    for now in (TEN, CLOSED, MIDNIGHT + 2 * instants.DAY):
        for selector in (Selector(), Selector(metrics=(METRIC,)), Selector(devices=("wifi-1",))):
            assert all(one.metric != METRIC for one in whole.engine.list(selector))
            for points in whole.engine.range(selector, 0, 2**62):
                assert not any(isinstance(value, Data) for value in points.values)
            assert not any(isinstance(one.value, Data) for one in whole.engine.last(selector))
            for step in (MINUTE, HOUR, 7 * MINUTE):
                counts = whole.engine.aggregate(selector, TEN, CLOSED, step=step, statistic=Statistic.COUNT)
                assert all(one.series.metric != METRIC for one in counts)
        whole.visitors.run(now)
        whole.engine.roll_up(now)


def test_an_engine_takes_no_sketch(under: Under) -> None:
    series = Series(site="bima", kind=Kind.WIFI, device="wifi-1", metric=METRIC, instance="stations")
    block = a_block((series, TEN, sketches.encode(a_sketch(range(5)))))
    with pytest.raises(errors.Rejected, match="is no sample"):
        under.engine.write(block)
    assert under.engine.list(Selector()) == []


def test_a_sink_takes_nothing_but_sketches_under_their_name(whole: Store) -> None:
    series = Series(site="bima", kind=Kind.WIFI, device="wifi-1", metric=METRIC)
    write = Write(worker="w1", at=TEN, block=a_block((series, TEN, 5.0)))
    with pytest.raises(errors.Rejected, match="is no sample"):
        whole.sink.commit(write)


def test_what_is_no_sketch_or_too_late_is_left_out_and_stops_nobody(
    whole: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")  # whatever a command before had set
    series = Series(site="bima", kind=Kind.WIFI, device="wifi-1", metric=METRIC, instance="stations")
    whole.sink.commit(Write(worker="w1", at=TEN, block=a_block((series, TEN, Data(b"nonsense")))))
    old = a_sketch(range(50), TEN - 40 * instants.DAY)
    send(whole, "wifi-1", old, *(a_sketch(range(9), key=f"{n:016x}") for n in range(MOST_KEYS + 2)))
    whole.visitors.run(CLOSED)
    assert state(whole)["keys"] == MOST_KEYS
    assert "not a sketch" in caplog.text
    assert "1 sketches of visitors left out: too late" in caplog.text
    assert "2 sketches of visitors left out: more than 8 keys" in caplog.text
    assert "nonsense" not in caplog.text


def test_merged_sketches_are_forgotten_by_whole_days(whole: Store) -> None:
    send(whole, "wifi-1", a_sketch(range(100), MIDNIGHT), a_sketch(range(100), MIDNIGHT + 23 * HOUR))
    later = MIDNIGHT + 36 * instants.DAY
    whole.visitors.run(later - HOUR)
    assert figures(whole, "day")["unique", MIDNIGHT] == 100.0
    with whole.visitors._shelf.turn() as turn:
        assert len(turn.hours("bima", Subject.STATIONS, 0, 2**62)) == 2
    whole.visitors.run(later)
    with whole.visitors._shelf.turn() as turn:
        assert turn.hours("bima", Subject.STATIONS, 0, 2**62) == []
        assert turn.waiting(10) == []
    assert figures(whole, "day")["unique", MIDNIGHT] == 100.0


def test_several_processes_may_merge_at_once(whole: Store) -> None:
    for number in range(40):
        send(whole, f"wifi-{number % 5}", a_sketch(range(number * 100, number * 100 + 150)))
    faults: list[BaseException] = []

    def work() -> None:
        try:
            whole.visitors.run(CLOSED)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            faults.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert not faults
    assert figures(whole)["unique", TEN] == pytest.approx(4_050, rel=0.03)


def test_upkeep_merges(whole: Store, clock: Fake) -> None:
    now = clock.now()
    hour = instants.floor(now - 3 * HOUR, HOUR)
    send(whole, "wifi-1", a_sketch(range(60), hour))
    whole.upkeep()
    assert figures(whole)["unique", hour] == 60.0


def test_what_the_library_cannot_merge_is_said_as_the_stores_failure() -> None:
    with pytest.raises(errors.Failure, match="cannot be merged"):
        merge.union([b"\x02\x01\x07\x0e\x03\x08\x05\x00"])
