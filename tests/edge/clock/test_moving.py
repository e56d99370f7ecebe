"""What was recorded before the time was known gets its time, exactly once, or is declared lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import batches, events, senml
from contracts.instants import HOUR, floor
from contracts.receipts import Receipt
from contracts.senml.moving import move
from contracts.series import Block, Data, Value
from contracts.topics import Channel, Device, Kind
from edge.clock.moving import moved
from edge.clock.steady import Steady
from edge.recorder import Reading, Recorder, series
from runtime.clock import Fake
from runtime.spool import Lane, Spool

NOW = 1_790_000_000_000_000
DEVICE = Device(site="bima", kind=Kind.KIOSK, device="k1")
TELEMETRY = DEVICE.topic(Channel.TELEMETRY)


def block(time: int, others: tuple[int, ...] = ()) -> Block:
    made = Block()
    made.append(series(DEVICE, Reading(metric="cpu.load", value=1.5)), time, 1.5)
    values: list[Value] = [True, "text", Data(b"\x00\xff"), 0.1]
    for number, (step, value) in enumerate(zip(others, values, strict=False)):
        made.append(
            series(DEVICE, Reading(metric="own", value=value, instance=str(number))), time + step, value
        )
    return made


@given(
    st.integers(0, 10**15),
    st.lists(st.integers(-(10**9), 10**9), max_size=4),
    st.sampled_from([batches.JSON, batches.CBOR]),
)
@settings(max_examples=200, deadline=None)
def test_a_pack_moved_is_the_pack_of_the_later_times(start: int, others: list[int], kind: str) -> None:
    shift = NOW - start
    payload, times = move(senml.encode(block(start, tuple(others)), kind), kind, shift)
    whole = block(NOW, tuple(others))
    assert times == list(whole.times)
    read = Block()
    senml.decode(payload, kind, DEVICE, now=NOW, block=read)
    assert list(read.rows()) == list(whole.rows())


def test_events_are_moved_and_what_is_neither_is_not() -> None:
    alarm = events.Alarm(id="1", time=5, name="door.opened")
    found = moved(events.encode((alarm,)), batches.EVENTS, NOW)
    assert found
    assert events.decode(found[0])[0].time == NOW + 5
    assert found[1] == {floor(NOW + 5, HOUR): 1}
    assert moved(b"\xff\xd8", "image/jpeg", NOW) is None


class Life:
    """Agents of one device, one after another, on a machine whose clock is set late."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "spool.db"
        self.machine = Fake(5_000_000, monotonic=5.0)
        self.boot = 1

    def start(self, limit: int = 1_000_000) -> None:
        self.clock = Steady(self.machine, synchronised=lambda: False)
        self.box = Spool(self.path, clock=self.clock, limit_bytes=limit)
        self.recorder = Recorder(self.box, DEVICE, self.clock)
        if self.clock.known:
            self.box.times.know(moved, shift=self.clock.shift, boot=self.boot)
        else:
            self.box.times.unknown(self.boot)

    async def sample(self, count: int = 1) -> None:
        for _ in range(count):
            self.machine.advance(10)
            await self.recorder.record([Reading(metric="cpu.load", value=1.0)], self.clock.now())

    def reboot(self) -> None:
        self.box.close()
        self.boot += 1
        self.machine = Fake(5_000_000, monotonic=5.0)
        self.start()

    def set(self, time: int = NOW) -> None:
        self.machine.jump((time - self.machine.now()) / 1e6)
        if change := self.clock.look():
            self.box.times.know(moved, shift=change.shift, boot=self.boot)

    def out(self) -> list[int]:
        found = Block()
        for batch in self.box.due(Lane.TELEMETRY, after=0, count=10_000, size=10**9):
            senml.decode(batch.payload, batch.content_type, DEVICE, now=NOW, block=found)
        return list(found.times)

    def gaps(self) -> list[events.Gap]:
        told = self.box.due(Lane.EVENT, after=0, count=100, size=10**9)
        found = [event for batch in told for event in events.decode(batch.payload)]
        return [event for event in found if isinstance(event, events.Gap)]

    def rows(self) -> dict[int, tuple[int, int]]:
        """Hour → recorded, shed."""
        rows = self.box.tally(TELEMETRY).rows
        return {row.hour: (row.recorded, row.shed) for row in rows if row.channel == "telemetry"}


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    made.start()
    yield made
    made.box.close()


async def test_samples_get_the_time_at_which_they_were_taken(life: Life) -> None:
    await life.sample(400)  # more than one transaction moves, and more than an hour
    await life.recorder.alarm("door.opened", values={})
    life.set()
    times = life.out()
    assert times == [NOW - 10_000_000 * n for n in reversed(range(400))]
    counted: dict[int, tuple[int, int]] = {}
    for time in times:
        hour = floor(time, HOUR)
        counted[hour] = (counted.get(hour, (0, 0))[0] + 1, 0)
    assert life.rows() == counted
    (alarm,) = (
        events.decode(batch.payload)[0] for batch in life.box.due(Lane.EVENT, after=0, count=9, size=10**6)
    )
    assert alarm.time == NOW
    assert life.box.size() == sum(
        batch.size for lane in Lane for batch in life.box.due(lane, after=0, count=10_000, size=10**9)
    )


async def test_a_kill_between_does_not_cost_a_sample_of_the_same_boot(life: Life) -> None:
    await life.sample(3)
    life.box.close()
    life.start()
    await life.sample(2)
    life.box.close()
    life.machine.jump((NOW - life.machine.now()) / 1e6)
    life.start()
    assert life.out() == [NOW - 10_000_000 * n for n in reversed(range(5))]
    assert life.gaps() == []


async def test_what_an_earlier_boot_recorded_without_a_time_is_declared_lost(life: Life) -> None:
    await life.sample(7)
    life.reboot()
    await life.sample(2)
    life.set()
    assert life.out() == [NOW - 10_000_000, NOW]
    (gap,) = life.gaps()
    assert (gap.reason, gap.channel, gap.ranges) == ("clock", "telemetry", ((1, 7),))
    assert gap.samples == {floor(NOW, HOUR): 7}
    total = [sum(column) for column in zip(*life.rows().values(), strict=True)]
    assert total == [9, 7]
    assert min(life.rows()) > NOW - 2 * HOUR


async def test_what_was_given_up_for_space_without_a_time_is_counted_too(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.start(limit=64 * 1024)
    await life.sample(300)
    kept = life.box.depth()[Lane.TELEMETRY]
    assert kept < 300
    life.set()
    assert len(life.out()) == kept
    assert sum(gap.samples[floor(NOW, HOUR)] for gap in life.gaps()) == 300 - kept
    assert [sum(column) for column in zip(*life.rows().values(), strict=True)] == [300, 300 - kept]
    life.box.close()


async def test_what_moved_is_settled_like_anything_else_and_the_books_are_even(life: Life) -> None:
    await life.sample(5)
    life.set()
    await life.sample(5)
    life.out()
    receipt = Receipt(stream="k1/telemetry", epoch=life.box.epoch, ranges=((1, 10),))
    assert len(life.box.settle([receipt])) == 10
    assert life.box.size() == 0
    life.box.close()
    life.start()
    assert life.out() == []
    assert [sum(column) for column in zip(*life.rows().values(), strict=True)] == [10, 0]


async def test_a_clock_found_wrong_corrects_what_nobody_has_seen(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.machine = Fake(NOW, monotonic=5.0)
    life.start()
    await life.sample(2)
    seen = life.out()
    await life.sample(300)
    life.box.tell()
    life.box.times.correct(moved, shift=2 * HOUR)
    times = life.out()
    assert times[:2] == seen
    assert times[2:] == [NOW + 30_000_000 + 10_000_000 * n + 2 * HOUR for n in range(300)]
    rows = life.rows()
    assert sum(recorded for recorded, _ in rows.values()) == 302
    assert all(
        recorded == sum(1 for time in times if floor(time, HOUR) == hour)
        for hour, (recorded, _) in rows.items()
    )
    life.box.close()
