"""The spool keeps what a receipt has not named, sheds in order, and declares."""

from pathlib import Path

import pytest

from contracts import events
from contracts.errors import Refused
from runtime import spool
from runtime.clock import Fake
from runtime.spool import Item, Lane
from tests.runtime.boxes import (
    DEVICE,
    EVENT,
    FRAME,
    JUDGEMENT,
    NOON,
    TELEMETRY,
    gaps,
    opened,
    put,
    receipt,
    row,
    waiting,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


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


def test_measurements_go_before_frames_on_their_way_and_those_before_any_alarm(path: Path) -> None:
    with opened(path, limit=64 * 1024) as box:
        for topic, lane in ((FRAME, Lane.FRAME), (TELEMETRY, Lane.TELEMETRY)):
            put(box, topic, size=4_000)
            box.due(lane, after=0, count=1, size=10**9)
        for _ in range(20):
            put(box, size=4_000)
        assert box.depth()[Lane.FRAME] == 1
        assert waiting(box)[0].seq == 1
        for _ in range(20):
            put(box, EVENT, size=4_000)
        assert box.depth()[Lane.FRAME] == box.depth()[Lane.TELEMETRY] == 0


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
