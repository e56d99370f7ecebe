"""A month without the centre within the spool's budget: ever thinner, nothing given up, no alarm lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import events
from contracts.batches import EVENTS
from contracts.instants import DAY
from contracts.topics import Channel, Device, Kind
from edge.recorder import Reading, Recorder
from edge.thinning import Thinner, stride
from runtime.clock import Fake
from runtime.spool import Lane, Spool

DEVICE = Device(site="bima", kind=Kind.KIOSK, device="k1")
LOAD = Reading(metric="cpu.load", value=1.0)


@pytest.mark.parametrize("used,every", [(0.0, 1), (0.49, 1), (0.5, 3), (0.75, 12), (0.9, 60), (1.0, 60)])
def test_the_fuller_the_thinner(used: float, every: int) -> None:
    assert stride(used) == every


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), max_size=200))
def test_what_was_counted_is_counted_however_thin(rounds: list[tuple[int, float]]) -> None:
    thinner = Thinner()
    told = 0.0
    for people, used in [*rounds, *[(0, 0.0)]]:
        taken = thinner.take([LOAD, Reading(metric="people.count", value=float(people))], used)
        told += sum(
            one.value for one in taken if one.metric == "people.count" and isinstance(one.value, float)
        )
        assert taken == [] or LOAD in taken
    assert told == sum(people for people, _ in rounds)


def test_one_of_so_many_rounds_is_kept_and_what_cannot_be_read_again_always() -> None:
    thinner = Thinner()
    rounds = [thinner.take([LOAD, Reading(metric="own.thing", value="once")], 0.6) for _ in range(9)]
    assert [sum(one == LOAD for one in kept) for kept in rounds] == [0, 0, 1] * 3
    assert all(any(one.metric == "own.thing" for one in kept) for kept in rounds)
    assert thinner.stride == 3


async def test_thirty_days_without_network(tmp_path: Path) -> None:
    """Scaled: a reading each half an hour; full readings would fill the spool in 9 days, as by default."""
    clock = Fake()
    readings = [Reading(metric="temperature", value=40.0 + n / 7, instance=str(n)) for n in range(60)]
    with Spool(tmp_path / "spool.db", clock=clock, limit_bytes=9 * 48 * 5_300) as box:
        recorder, thinner = Recorder(box, DEVICE, clock), Thinner()
        began, recorded, longest = clock.now(), [clock.now()], 0
        for number in range(30 * 48):
            clock.advance(1_800)
            taken = thinner.take(readings, box.size() / box.limit)
            if await recorder.record(taken, clock.now()):
                longest = max(longest, clock.now() - recorded[-1])
                recorded.append(clock.now())
            if number % 48 == 0:
                await recorder.alarm("door.opened", values={})
            if number == 8 * 48:
                box.tell()
        assert box.size() <= box.limit
        assert box.shed == {}, "nothing was given up"
        rows = box.tally(DEVICE.topic(Channel.TELEMETRY)).rows
        told = {
            channel: sum(row.recorded for row in rows if row.channel == channel)
            for channel in ("telemetry", "event")
        }
        assert told == {"telemetry": 60 * (len(recorded) - 1), "event": 30}
        waiting = box.due(Lane.EVENT, after=0, count=999, size=10**9)
        alarms = [
            event
            for batch in waiting
            if batch.content_type == EVENTS
            for event in events.decode(batch.payload)
            if isinstance(event, events.Alarm)
        ]
        assert len(alarms) == 30
        assert recorded[-1] - began > 29 * DAY, "the last days are there"
        assert longest <= 60 * 1_800 * 1_000_000
        assert 1 < thinner.stride <= 60
        assert sum(time < began + 4 * DAY for time in recorded) >= 4 * 48, "the first days are whole"
