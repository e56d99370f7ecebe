"""A batch given up after it may have been sent is named by the tally: if it arrives it was not lost."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts import events
from contracts.events import Stray
from contracts.instants import HOUR
from runtime.clock import Fake
from runtime.spool import Lane, Spool, counts, strays
from runtime.spool.schema import PAGE
from tests.runtime.boxes import EVENT, NOON, TELEMETRY, opened, put, receipt, row, told, waiting

SMALL = 64 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def crowd_out(box: Spool) -> None:
    """Alarms take all the space there is."""
    while box.depth()[Lane.TELEMETRY]:
        put(box, EVENT, size=4_000, samples=0)


def hand_out(box: Spool, count: int) -> None:
    assert len(box.due(Lane.TELEMETRY, after=0, count=count, size=10**9)) == count


def test_only_what_may_have_been_sent_is_named(path: Path) -> None:
    with opened(path, limit=SMALL) as box:
        for _ in range(6):
            put(box, size=1_000, samples=7)
        hand_out(box, 4)
        crowd_out(box)
        assert row(box) == events.TallyRow(
            channel="telemetry",
            hour=NOON,
            recorded=42,
            sent=0,
            shed=42,
            strays=(Stray(epoch=box.epoch, first=1, last=4, each=7),),
        )


def test_it_is_told_and_a_restart_keeps_it(path: Path) -> None:
    with opened(path, limit=SMALL) as box:
        put(box, size=1_000)
        hand_out(box, 1)
        crowd_out(box)
        first = box.epoch
    with opened(path, limit=10 * SMALL) as box:
        box.settle([receipt(box, 1, 10**6, "k1/event", epoch=first)])
        waiting(box, Lane.EVENT)
        box.settle([receipt(box, 1, 10**6, "k1/event", epoch=first)])
        while waiting(box, Lane.EVENT):  # the gap
            box.settle([receipt(box, 1, 10**6, "k1/event")])
        box.tell()
        (about,) = told(box).rows
        assert about.strays == (Stray(epoch=first, first=1, last=1, each=10),)


def test_batches_that_differ_or_lie_apart_are_ranges_of_their_own(path: Path) -> None:
    with opened(path, limit=SMALL) as box:
        for samples in (5, 5, 6, 5, 0, 5):
            put(box, size=1_000, samples=samples)
        box.append(TELEMETRY, b"x", content_type="t", counts={NOON: 2, NOON + HOUR: 3})
        hand_out(box, 7)
        crowd_out(box)
        assert [(one.first, one.last, one.each) for one in row(box).strays] == [
            (1, 2, 5),
            (3, 3, 6),
            (4, 4, 5),
            (6, 6, 5),
            (7, 7, 2),
        ]
        assert [(one.first, one.each) for one in row(box, hour=NOON + HOUR).strays] == [(7, 3)]


def test_their_number_is_bounded_and_the_newest_stay(path: Path) -> None:
    with opened(path, limit=2 * SMALL) as box:
        for seq in range(1, strays.MOST + 21):
            put(box, size=10, samples=1 + seq % 2)
        hand_out(box, strays.MOST + 20)
        crowd_out(box)
        assert [one.first for one in row(box).strays] == list(range(21, strays.MOST + 21))


def test_a_tally_is_bounded_with_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path, limit=SMALL) as box:
        for samples in (1, 2, 1, 2):
            put(box, size=1_000, samples=samples)
        put(box, size=1_000, hour=NOON + HOUR)
        hand_out(box, 5)
        crowd_out(box)
        assert [len(one.strays) for one in box.tally(TELEMETRY).rows] == [4, 1]
        monkeypatch.setattr(counts, "MOST_ROWS", 6)
        assert [len(one.strays) for one in box.tally(TELEMETRY).rows] == [4]


def test_a_power_cut_forgets_what_was_sent_so_it_is_named_too(path: Path) -> None:
    with opened(path, limit=SMALL) as box:
        put(box, size=1_000)
        for file in (path, path.with_name("spool.db-wal")):
            shutil.copy(file, f"{file}.kept")
        hand_out(box, 1)
        first = box.epoch
    for file in (path, path.with_name("spool.db-wal")):
        shutil.move(f"{file}.kept", file)
    with opened(path, limit=SMALL) as box:
        crowd_out(box)
        assert row(box).strays == (Stray(epoch=first, first=1, last=1, each=10),)


@pytest.mark.parametrize("page", [None, 0, -1])
def test_a_file_of_the_first_version_is_brought_up_to_date_damaged_or_not(
    path: Path, page: int | None
) -> None:
    with opened(path) as box:
        for _ in range(200):
            put(box, size=1_000)
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE tally DROP COLUMN strays")
        db.execute("PRAGMA user_version=1")
        db.commit()
    if page is not None:
        data = bytearray(path.read_bytes())
        at = page % (len(data) // PAGE) * PAGE
        data[at : at + PAGE] = b"\xa5" * PAGE
        path.write_bytes(data)
    with opened(path, limit=SMALL) as box:
        assert row(box).recorded == 2_000
        assert row(box).strays == ()
        crowd_out(box)
        assert row(box).shed == 2_000
        assert row(box).strays, "all is of an earlier start"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_they_survive_a_damaged_page(path: Path) -> None:
    with opened(path, clock=Fake(), limit=2 * SMALL) as box:
        put(box, size=1_000)
        hand_out(box, 1)
        crowd_out(box)
        before = row(box).strays
    data = bytearray(path.read_bytes())
    at = data.index(b"x" * 2_000) // PAGE * PAGE
    data[at : at + PAGE] = b"\xa5" * PAGE
    path.write_bytes(data)
    with opened(path, limit=2 * SMALL) as box:
        assert row(box).strays == before != ()
