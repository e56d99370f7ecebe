"""The spool counts each sample once, and tells when something changed."""

from pathlib import Path

import pytest

from contracts import events
from runtime.clock import Fake
from runtime.spool import Lane
from tests.runtime.boxes import (
    EVENT,
    JUDGEMENT,
    NOON,
    TELEMETRY,
    opened,
    put,
    receipt,
    row,
    told,
    waiting,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


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
