"""Visitors become sketches on the device, and nothing of who they are gets anywhere else."""

import logging
from collections.abc import Iterator
from pathlib import Path

import datasketches
import pytest

from contracts import senml, sitekeys, sketches
from contracts.instants import HOUR, MINUTE
from contracts.series import Block, Data
from contracts.sitekeys import Answer
from contracts.sketches import LG_K, METRIC, Sketch, Subject
from contracts.topics import Device, Kind
from edge.recorder import Recorder
from edge.visitors.counting import COUNTING, Counter, beside
from edge.visitors.hashing import Hasher
from edge.visitors.keys import Keys
from runtime.clock import Fake
from runtime.spool import Lane, Spool
from tests.edge.visitors.crowd import MACS, NAMES, RANDOM, SECRET, Asking, Crowd, a_key, traces

DAY = "2026-11-30"
TEN = sitekeys.bounds(DAY)[0] + 10 * HOUR
NODE = Device(site="bima", kind=Kind.WIFI, device="wifi-1")
QUARTER = 15 * MINUTE


class Node:
    """A counter on a spool of its own."""

    def __init__(self, folder: Path, clock: Fake, asking: Asking) -> None:
        self.folder = folder
        self.clock = clock
        self.spool = Spool(folder / "spool.db", clock=clock)
        self.keys = Keys(asking, clock, site="bima", jitter=lambda: 0.0)
        recorder = Recorder(self.spool, NODE, clock)
        self.counter = Counter(recorder, NODE, self.keys, clock, interval=900)

    async def look(self, crowd: Crowd, *, after: float = 0.0) -> None:
        self.clock.advance(after)
        await self.counter.look(crowd, crowd)

    def rows(self) -> list[tuple[str, int, object]]:
        block = Block()
        for batch in self.spool.due(Lane.TELEMETRY, after=0, count=100, size=10**7):
            senml.decode(batch.payload, batch.content_type, NODE, now=self.clock.now(), block=block)
        return [(series.metric, time, value) for series, time, value in block.rows()]

    def sketches(self) -> list[Sketch]:
        return [
            sketches.decode(value)
            for metric, _, value in self.rows()
            if metric == METRIC and isinstance(value, Data)
        ]

    def said(self) -> list[object]:
        return [value for metric, _, value in self.rows() if metric == "visitors.counting"]


@pytest.fixture
def asking() -> Asking:
    return Asking(Answer(keys=(a_key(DAY),)))


@pytest.fixture
def node(tmp_path: Path, asking: Asking) -> Iterator[Node]:
    made = Node(tmp_path, Fake(TEN), asking)
    yield made
    made.spool.close()


def estimate(*found: Sketch) -> float:
    union = datasketches.hll_union(LG_K)
    for one in found:
        union.update(datasketches.hll_sketch.deserialize(one.body))
    value: float = union.get_result(datasketches.tgt_hll_type.HLL_4).get_estimate()
    return round(value)


async def test_who_was_there_is_counted_once_an_interval_however_often_seen(node: Node) -> None:
    await node.keys.turn()
    for _ in range(3):
        await node.look(Crowd(MACS[:20]), after=60)
    await node.look(Crowd(MACS[10:]), after=60)
    await node.look(Crowd([], []), after=900)
    stations, users = node.sketches()
    assert (stations.subject, estimate(stations)) == (Subject.STATIONS, 30)
    assert (users.subject, estimate(users)) == (Subject.USERS, len(NAMES))
    assert (stations.start, stations.end) == (TEN, TEN + QUARTER)
    assert (stations.site, stations.day, stations.key) == ("bima", DAY, "0" * 16)
    assert {time for _, time, _ in node.rows()} == {TEN}
    assert node.said() == [COUNTING]


async def test_the_same_visitor_at_another_node_is_the_same_number_and_without_the_key_nobody(
    node: Node, tmp_path: Path
) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = Node(other_folder, Fake(TEN), Asking(Answer(keys=(a_key(DAY),))))
    stranger_folder = tmp_path / "stranger"
    stranger_folder.mkdir()
    stranger = Node(stranger_folder, Fake(TEN), Asking(Answer(keys=(a_key(DAY, secret=bytes(32)),))))
    for one in (node, other, stranger):
        await one.keys.turn()
        await one.look(Crowd(names=[]))
        await one.counter.close()
    (first,), (second,), (third,) = (one.sketches() for one in (node, other, stranger))
    for one in (other, stranger):
        one.spool.close()
    assert estimate(first, second) == 30
    assert estimate(first, third) == 60


async def test_nothing_of_a_visitor_or_of_the_key_reaches_disk_or_log(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert traces(b"x" + MACS[3] + b"y" + NAMES[0] + SECRET) == sorted([MACS[3], NAMES[0], SECRET])
    crowd = Crowd([*MACS, *RANDOM, b"short"], NAMES)
    await node.keys.turn()
    for _ in range(40):
        await node.look(crowd, after=60)
    for one in (node, node.keys, node.counter, node.counter._open, node.keys._held):
        assert traces(repr(one).encode()) == []
    await node.counter.close()
    node.spool.close()
    kept = b"".join(file.read_bytes() for file in node.folder.rglob("*") if file.is_file())
    assert len(kept) > 1_000
    assert traces(kept) == []
    assert traces("".join(str(vars(record)) for record in caplog.records).encode()) == []
    assert "site key of 2026-11-30 received" in caplog.text


async def test_without_a_key_nobody_is_counted_and_the_reason_is_told(tmp_path: Path) -> None:
    asking = Asking(ConnectionRefusedError("nobody listens"), Answer(keys=(a_key(DAY),)))
    node = Node(tmp_path, Fake(TEN), asking)
    await node.look(Crowd())
    await node.keys.turn()
    for _ in range(3):
        await node.look(Crowd(), after=60)
    assert node.sketches() == []
    assert node.said() == ["no key: no key yet", "no key: nobody listens"]
    await node.keys.turn()
    await node.look(Crowd(), after=60)
    await node.counter.close()
    assert estimate(node.sketches()[0]) == 30
    assert node.said()[-1] == COUNTING


async def test_at_midnight_the_next_days_key_takes_over_and_the_old_one_is_forgotten(tmp_path: Path) -> None:
    clock = Fake(sitekeys.bounds(DAY)[1] - 10 * MINUTE)
    both = Answer(keys=(a_key(DAY), a_key("2026-12-01", "1" * 16, bytes(31) + b"x")))
    node = Node(tmp_path, clock, Asking(both))
    await node.keys.turn()
    await node.look(Crowd(names=[]))
    await node.look(Crowd(names=[]), after=900)
    await node.look(Crowd(names=[]), after=900)
    before, after = node.sketches()
    assert (before.day, before.key, after.day, after.key) == (DAY, "0" * 16, "2026-12-01", "1" * 16)
    assert estimate(before, after) == 60  # from day to day nobody is known again
    clock.advance(3_600)
    (held,) = [one for one in node.keys._held.values() if one.day == DAY]
    await node.keys.turn()
    with pytest.raises(ValueError, match="forgotten"):
        held.hasher.number(Subject.STATIONS, MACS[0])
    assert node.keys.at(clock.now() - 2 * HOUR) is None


async def test_a_holder_that_started_again_is_followed_from_the_next_interval_on(tmp_path: Path) -> None:
    first, second = a_key(DAY), a_key(DAY, "2" * 16, b"y" * 32)
    asking = Asking(Answer(keys=(first,)), Answer(keys=(second,)))
    node = Node(tmp_path, Fake(TEN), asking)
    await node.keys.turn()
    await node.look(Crowd(names=[]))
    await node.keys.turn()
    await node.look(Crowd(MACS[:5], []), after=60)
    await node.look(Crowd(names=[]), after=900)
    await node.counter.close()
    assert asking.asked == [(), ("0" * 16,)]
    assert [(one.key, estimate(one)) for one in node.sketches()] == [("0" * 16, 30), ("2" * 16, 30)]


async def test_a_clock_set_back_closes_what_is_open(node: Node) -> None:
    await node.keys.turn()
    await node.look(Crowd(names=[]), after=1_000)
    node.clock.jump(-1_000)
    await node.look(Crowd(MACS[:5], []))
    await node.counter.close()
    assert [one.start for one in node.sketches()] == [TEN + QUARTER, TEN]


@pytest.mark.parametrize(
    "macs,share",
    [((*MACS, *RANDOM), 0.25), (MACS, 0.0), (RANDOM, 1.0), (MACS[:4], None), ((), None)],
)
async def test_the_share_of_made_up_addresses_is_told_where_there_are_some(
    node: Node, macs: tuple[bytes, ...], share: float | None
) -> None:
    await node.keys.turn()
    await node.look(Crowd(macs, []))
    await node.counter.close()
    told = [value for metric, _, value in node.rows() if metric == "visitors.randomised"]
    assert told == ([] if share is None else [share])
    assert [estimate(one) for one in node.sketches()] == [len(macs)]


async def test_addresses_of_groups_and_what_is_no_address_are_no_visitors(node: Node) -> None:
    await node.keys.turn()
    await node.look(Crowd([b"\xff" * 6, b"\x01\x00\x5e\x00\x00\x01", b"", b"1234567", MACS[0]], []))
    await node.counter.close()
    assert estimate(node.sketches()[0]) == 1


async def test_a_refusal_says_when_to_ask_again_and_failures_wait_longer(node: Node) -> None:
    refusal = sitekeys.Refusal(reason="disabled", text="the device is disabled", after=500)
    far = sitekeys.Refusal(reason="kind", text="no", after=10**9)
    wrong = Answer(keys=(a_key(DAY, site="kesambi"),))
    empty = Answer(keys=(a_key(DAY, secret=b""),))
    stale = Answer(keys=(a_key("2026-11-01"),))
    good = Answer(keys=(a_key(DAY),))
    clock = node.clock
    asking = Asking(OSError("a"), OSError("a"), refusal, far, wrong, empty, stale, good, OSError("b"))
    keys = Keys(asking, clock, site="bima", jitter=lambda: 1.0)
    pauses = [await keys.turn() for _ in range(8)]
    assert pauses == [6.0, 10.0, 516.0, 3_632.0, 66.0, 130.0, 258.0, 600.0]
    assert keys.reason == ""
    assert await keys.turn() == 6.0
    assert keys.at(clock.now()) is not None  # the key outlasts its holder
    keys.wipe()
    assert keys.at(clock.now()) is None


def test_numbers_differ_by_key_purpose_and_visitor() -> None:
    one, other = Hasher(SECRET), Hasher(bytes(32))
    found = {
        hasher.number(subject, identity)
        for hasher in (one, other)
        for subject in Subject
        for identity in (MACS[0], MACS[1])
    }
    assert len(found) == 8
    assert one.number(Subject.STATIONS, MACS[0]) == Hasher(SECRET).number(Subject.STATIONS, MACS[0])
    assert all(-(2**63) <= number < 2**63 for number in found)


async def test_where_nothing_is_set_nothing_is_counted() -> None:
    async def work(station: object) -> None: ...

    assert beside(work, Crowd(), None) is work
