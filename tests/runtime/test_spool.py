"""The spool keeps what a receipt has not named, sheds in order, and declares."""

from pathlib import Path

import pytest

from contracts import events
from contracts.batches import EVENTS
from contracts.errors import Refused
from contracts.instants import HOUR
from contracts.receipts import Receipt
from runtime import spool
from runtime.clock import Fake
from runtime.spool import Item, Lane, Spool

DEVICE = "imm/v1/bima/kiosk/k1"
TELEMETRY = f"{DEVICE}/telemetry"
EVENT = f"{DEVICE}/event"
FRAME = f"{DEVICE}/frame"
JUDGEMENT = "imm/v1/bima/judgement/analytics"
NOON = 497_000 * HOUR


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def opened(path: Path, *, clock: Fake | None = None, limit: int = 1_000_000) -> Spool:
    return Spool(path, clock=clock or Fake(), limit_bytes=limit)


def put(box: Spool, topic: str = TELEMETRY, size: int = 100, samples: int = 10, hour: int = NOON) -> int:
    return box.append(topic, b"x" * size, content_type="t", counts={hour: samples} if samples else {}).seq


def waiting(box: Spool, lane: Lane = Lane.TELEMETRY) -> list[spool.Batch]:
    return box.due(lane, after=0, count=10_000, size=10**9)


def receipt(box: Spool, first: int, last: int, stream: str = "k1/telemetry", epoch: int = 0) -> Receipt:
    return Receipt(stream=stream, epoch=epoch or box.epoch, ranges=((first, last),))


def gaps(box: Spool) -> list[events.Gap]:
    told = [batch for batch in waiting(box, Lane.EVENT) if batch.content_type == EVENTS]
    found = [event for batch in told for event in events.decode(batch.payload)]
    return [event for event in found if isinstance(event, events.Gap)]


def row(box: Spool, topic: str = TELEMETRY, hour: int = NOON) -> events.TallyRow:
    channel = topic.rsplit("/", 1)[1]
    return next(r for r in box.tally(topic).rows if (r.channel, r.hour) == (channel, hour))


def told(box: Spool) -> events.Tally:
    found = events.decode(waiting(box, Lane.EVENT)[0].payload)
    return next(event for event in found if isinstance(event, events.Tally))


def test_a_batch_stays_until_a_receipt_names_it(path: Path) -> None:
    with opened(path) as box:
        assert [put(box) for _ in range(3)] == [1, 2, 3]
        assert [batch.seq for batch in waiting(box)] == [1, 2, 3]
        assert len(box.settle([receipt(box, 2, 2)])) == 1
        assert [batch.seq for batch in waiting(box)] == [1, 3]


def test_what_was_never_handed_out_is_not_settled(path: Path) -> None:
    with opened(path) as box:
        put(box)
        assert box.settle([receipt(box, 1, 9)]) == []
        assert box.depth()[Lane.TELEMETRY] == 1


@pytest.mark.parametrize("stream,shift", [("k2/telemetry", 0), ("k1/event", 0), ("k1/telemetry", 1)])
def test_a_receipt_of_another_stream_or_epoch_changes_nothing(path: Path, stream: str, shift: int) -> None:
    with opened(path) as box:
        put(box)
        waiting(box)
        assert box.settle([receipt(box, 1, 1, stream, box.epoch + shift)]) == []


def test_a_restart_keeps_batches_and_begins_a_greater_epoch_although_the_clock_went_back(path: Path) -> None:
    clock = Fake()
    with opened(path, clock=clock) as box:
        first = box.epoch
        put(box)
        put(box)
    clock.jump(-365 * 86_400)
    with opened(path, clock=clock) as box:
        assert box.epoch == first + 1
        assert put(box) == 1
        assert [(batch.epoch, batch.seq) for batch in waiting(box)] == [
            (first, 1),
            (first, 2),
            (first + 1, 1),
        ]
        assert len(box.settle([receipt(box, 1, 2, epoch=first)])) == 2


def test_a_batch_handed_out_before_a_restart_is_known_as_offered(path: Path) -> None:
    with opened(path) as box:
        put(box)
        put(box)
        assert [b.offered for b in box.due(Lane.TELEMETRY, after=0, count=1, size=1)] == [False]
    with opened(path) as box:
        assert [b.offered for b in waiting(box)] == [True, False]
        assert [b.offered for b in waiting(box)] == [True, True]


def test_the_tally_counts_each_sample_once_and_survives_restarts(path: Path) -> None:
    with opened(path) as box:
        put(box, samples=10)
        put(box, samples=5)
        first, _ = waiting(box)
        box.sent([first.id])
        box.sent([first.id])
        assert row(box) == events.TallyRow(channel="telemetry", hour=NOON, recorded=15, sent=10, shed=0)
        box.settle([receipt(box, 1, 2)])
    with opened(path) as box:
        assert row(box) == events.TallyRow(channel="telemetry", hour=NOON, recorded=15, sent=15, shed=0)
        put(box, samples=1)
        assert row(box).recorded == 16


def test_a_tally_is_told_once_and_again_only_when_counts_changed(path: Path) -> None:
    with opened(path, clock=(clock := Fake())) as box:
        put(box)
        assert (box.tell(), box.tell()) == (1, 0), "the last one still waits"
        first = told(box)
        assert ([r.recorded for r in first.rows], first.spooled) == ([10], 1)
        put(box)
        box.settle([receipt(box, 1, 1, "k1/event")])
        clock.jump(-365 * 86_400)
        assert box.tell() == 1, "a sample came after what was told"
        assert told(box).time > first.time, "the ledger would keep the older counts"
        box.settle([receipt(box, 2, 2, "k1/event")])
        assert box.tell() == 0


def test_counts_go_on_where_the_clock_went_back(path: Path) -> None:
    """What is told and settled looks old to the time of the last tally; it is not."""
    with opened(path, clock=(clock := Fake())) as box:
        box.tell()
        put(box)
        assert box.tell() == 1
        clock.jump(-365 * 86_400)
        put(box)
        for seq in (1, 2):
            waiting(box)
            waiting(box, Lane.EVENT)
            box.settle([receipt(box, 1, 2), receipt(box, 1, seq, "k1/event")])
            box.tell()
        put(box)
        assert [row.recorded for row in box.tally(TELEMETRY).rows] == [30]


def test_events_of_the_spool_itself_are_not_counted(path: Path) -> None:
    with opened(path) as box:
        put(box)
        box.tell()
        put(box, EVENT, samples=0)
        assert {r.channel for r in box.tally(EVENT).rows} == {"telemetry"}


def test_counts_of_a_producer_of_judgements_are_not_told(path: Path) -> None:
    with opened(path) as box:
        put(box, JUDGEMENT)
        assert box.tell() == 0


def test_devices_share_a_file_and_keep_their_streams_apart(path: Path) -> None:
    other = TELEMETRY.replace("k1", "k2")
    with opened(path) as box:
        assert (put(box), put(box, other), put(box)) == (1, 1, 2)
        waiting(box)
        box.settle([receipt(box, 1, 2)])
        assert [str(batch.stream) for batch in waiting(box)] == ["k2/telemetry"]
        assert box.tell() == 2


def test_a_full_spool_gives_up_the_oldest_of_the_lowest_lane_and_declares_it(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for topic in (EVENT, JUDGEMENT, TELEMETRY, FRAME):
            for _ in range(4):
                put(box, topic, size=4_000)
        depths = [box.depth()]
        for _ in range(12):
            put(box, TELEMETRY, size=4_000)
            depths.append(box.depth())
        assert box.size() <= box.limit
        assert depths[-1][Lane.EVENT] == depths[-1][Lane.JUDGEMENT] == 4
        assert depths[-1][Lane.FRAME] == 0
        found = {gap.channel: gap for gap in gaps(box)}
        assert found["frame"].ranges == ((1, 4),)
        first = waiting(box)[0].seq
        assert found["telemetry"].ranges == ((1, first - 1),)
        assert found["telemetry"].samples == {NOON: 10 * (first - 1)}
        assert row(box).shed == 10 * (first - 1)


def test_even_alarms_are_bounded(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for _ in range(30):
            put(box, EVENT, size=4_000, samples=1)
        assert box.size() <= box.limit
        (gap,) = gaps(box)
        assert gap.channel == "event"
        assert gap.samples[NOON] == row(box, EVENT).shed > 0


def test_what_may_be_on_its_way_is_given_up_last(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for _ in range(10):
            put(box, size=4_000)
        box.due(Lane.TELEMETRY, after=0, count=3, size=10**9)
        for _ in range(20):
            put(box, size=4_000)
        (gap,) = gaps(box)
        assert gap.ranges[0][0] == 4
        assert [batch.seq for batch in waiting(box)][:3] == [1, 2, 3]


def test_a_frame_that_finds_only_better_batches_is_itself_given_up(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for _ in range(15):
            put(box, EVENT, size=3_700)
        put(box, FRAME, size=4_000, samples=1)
        assert box.depth()[Lane.FRAME] == 0
        assert row(box, FRAME) == events.TallyRow(channel="frame", hour=NOON, recorded=1, sent=0, shed=1)


def test_losses_are_declared_together_and_one_declaration_waits_at_a_time(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for _ in range(50):
            put(box, size=4_000)
        assert len(gaps(box)) == 1
        for _ in range(50):
            put(box, size=4_000)
        (gap,) = gaps(box)
        (batch,) = waiting(box, Lane.EVENT)
        box.settle([receipt(box, batch.seq, batch.seq, "k1/event")])
        (later,) = gaps(box)
        assert later.ranges[0][0] == gap.ranges[-1][1] + 1
        assert later.samples[NOON] + gap.samples[NOON] == row(box).shed


def test_losses_survive_a_restart_undeclared(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for _ in range(30):
            put(box, size=4_000)
        shed = row(box).shed
    with opened(path, limit=64 * 1024) as box:
        (gap,) = gaps(box)
        assert sum(gap.samples.values()) == shed
        assert gap.epoch < box.epoch


def test_the_losses_of_a_producer_are_declared_as_a_city_device(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for _ in range(30):
            put(box, JUDGEMENT, size=4_000)
        (batch,) = waiting(box, Lane.EVENT)
        assert batch.topic == "imm/v1/bima/city/analytics/event"
        assert batch.receipts == "imm/v1/bima/city/analytics/receipt"


def test_the_file_stays_near_its_bound(path: Path) -> None:
    limit = 700_000
    with opened(path, limit=limit) as box:
        for size in (20, 300, 9_000):
            for _ in range(3 * limit // (size + 600) // 100):
                box.extend(Item(topic=TELEMETRY, payload=b"x" * size, content_type="t") for _ in range(100))
        assert path.stat().st_size < 1.5 * limit


def test_a_second_process_is_refused_while_one_holds_the_file(path: Path) -> None:
    with opened(path), pytest.raises(spool.Busy, match="another process"):
        opened(path)


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    with opened(path) as box:
        box._file._db.execute("PRAGMA user_version=99")
    with pytest.raises(spool.Unusable, match="newer"):
        opened(path)


@pytest.mark.parametrize("topic", [f"{DEVICE}/status", f"{DEVICE}/receipt", "imm/v1/bima/alert/a", "x"])
def test_topics_that_carry_no_batches_are_refused(path: Path, topic: str) -> None:
    with opened(path) as box, pytest.raises(Refused):
        put(box, topic)


def test_a_payload_too_large_to_be_taken_is_refused(path: Path) -> None:
    with opened(path, limit=10**8) as box:
        with pytest.raises(Refused, match="1000000"):
            put(box, size=1_000_001)
        put(box, FRAME, size=1_000_001)


def test_counts_of_old_hours_are_forgotten_once_told(path: Path) -> None:
    clock = Fake()
    with opened(path, clock=clock) as box:
        put(box)
        box.tell()
        waiting(box)
        waiting(box, Lane.EVENT)
        box.settle([receipt(box, 1, 1)])
        box.settle([receipt(box, 1, 1, "k1/event")])
        box.tell()
        waiting(box, Lane.EVENT)
        box.settle([receipt(box, 2, 2, "k1/event")])
        clock.advance(41 * 86_400)
        box.tell()
        assert box.tally(TELEMETRY).rows == ()
