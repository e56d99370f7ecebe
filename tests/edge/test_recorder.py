"""Readings become batches whose counts, names and times hold."""

from pathlib import Path

import pytest

from contracts import batches, events, senml
from contracts.instants import HOUR
from contracts.series import Block
from contracts.topics import Device, Kind
from edge.recorder import Reading, Recorder
from runtime.clock import Fake
from runtime.spool import Batch, Lane, Spool

DEVICE = Device(site="bima", kind=Kind.KIOSK, device="k1")
NOW = 497_000 * HOUR


@pytest.fixture
def box(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool.db", clock=Fake(NOW))


def spooled(box: Spool, lane: Lane = Lane.TELEMETRY) -> list[Batch]:
    return box.due(lane, after=0, count=100, size=10**6)


def unpack(batch: Batch) -> Block:
    block = Block()
    senml.decode(batch.payload, batch.content_type, DEVICE, now=NOW, block=block)
    return block


@pytest.mark.parametrize("encoding,kind", [("json", batches.JSON), ("cbor", batches.CBOR)])
async def test_readings_are_one_batch_with_the_units_of_the_catalogue(
    box: Spool, encoding: str, kind: str
) -> None:
    recorder = Recorder(box, DEVICE, Fake(NOW), encoding=encoding)
    readings = [
        Reading(metric="cpu.utilization", value=0.25),
        Reading(metric="network.up", value=True, instance="eth0"),
        Reading(metric="own.figure", value=7.0, unit="m"),
    ]
    assert await recorder.record(readings, NOW) == 3
    (batch,) = spooled(box)
    assert batch.content_type == kind
    rows = {(s.metric, s.instance, s.unit): (time, value) for s, time, value in unpack(batch).rows()}
    assert rows == {
        ("cpu.utilization", "", "/"): (NOW, 0.25),
        ("network.up", "eth0", ""): (NOW, True),
        ("own.figure", "", "m"): (NOW, 7.0),
    }
    (row,) = box.tally(batch.topic).rows
    assert (row.hour, row.recorded) == (NOW, 3)


async def test_no_two_samples_of_a_series_have_one_time_although_the_clock_stands_or_goes_back(
    box: Spool,
) -> None:
    recorder = Recorder(box, DEVICE, Fake(NOW))
    for time in (NOW, NOW, NOW + 1, NOW - 5, NOW):
        await recorder.record([Reading(metric="cpu.load", value=1.0)], time)
    times = [time for batch in spooled(box) for _, time, _ in unpack(batch).rows()]
    assert len(set(times)) == 5
    assert all(abs(time - NOW) < 10 for time in times)


async def test_nothing_read_is_no_batch(box: Spool) -> None:
    assert await Recorder(box, DEVICE, Fake(NOW)).record([], NOW) == 0
    assert spooled(box) == []


async def test_alarms_count_and_probes_do_not(box: Spool) -> None:
    recorder = Recorder(box, DEVICE, Fake(NOW))
    await recorder.alarm("door.opened", severity="minor", values={"door": "east"})
    await recorder.probe()
    alarm, probe = spooled(box, Lane.EVENT)
    assert probe.properties == (("probe", "true"),)
    assert isinstance(events.decode(alarm.payload)[0], events.Alarm)
    assert isinstance(events.decode(probe.payload)[0], events.Probe)
    (row,) = box.tally(alarm.topic).rows
    assert (row.channel, row.recorded) == ("event", 1)
