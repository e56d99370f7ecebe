"""A damaged file gives back what can be read, the rest is declared; a full disk loses nothing silently."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import events, ranges
from contracts.batches import EVENTS
from contracts.instants import HOUR
from contracts.receipts import Receipt
from runtime import spool
from runtime.clock import Fake
from runtime.spool import Item, Lane, Spool
from runtime.spool.schema import PAGE

TELEMETRY = "imm/v1/bima/kiosk/k1/telemetry"
NOON = 497_000 * HOUR
COUNT = 300
SETTLED = 40


def fill(path: Path, *, size: int = 900) -> int:
    """A file with 300 batches of 10 samples, of which the first 40 are receipted; none in the WAL."""
    with Spool(path, clock=Fake(), limit_bytes=10_000_000) as box:
        box.extend(
            Item(
                topic=TELEMETRY,
                payload=b"%05d" % n + b"x" * size,
                content_type="t",
                counts={NOON + n % 3 * HOUR: 10},
            )
            for n in range(1, COUNT + 1)
        )
        box.due(Lane.TELEMETRY, after=0, count=SETTLED, size=10**9)
        box.settle([Receipt(stream="k1/telemetry", epoch=box.epoch, ranges=((1, SETTLED),))])
        return box.epoch


def account(box: Spool, epoch: int) -> tuple[ranges.Ranges, ranges.Ranges, Counter[int]]:
    """Sequence numbers of an epoch that wait and that are declared lost; the latter's samples by hour."""
    present = {b.seq for b in box.due(Lane.TELEMETRY, after=0, count=10_000, size=10**9) if b.epoch == epoch}
    lost: ranges.Ranges = ()
    samples: Counter[int] = Counter()
    for batch in box.due(Lane.EVENT, after=0, count=100, size=10**9):
        assert batch.content_type == EVENTS
        for event in events.decode(batch.payload):
            if isinstance(event, events.Gap) and event.channel == "telemetry":
                lost = ranges.union(lost, event.ranges)
                samples.update(event.samples)
                assert event.reason == "corrupt"
    return ranges.of(present), lost, samples


def check(path: Path, epoch: int) -> int:
    """Open what is left and hold the books against it; return how many batches were lost."""
    with Spool(path, clock=Fake(), limit_bytes=10_000_000) as box:
        assert box.epoch > epoch
        present, lost, samples = account(box, epoch)
        assert not any(ranges.holds(lost, seq) for first, last in present for seq in range(first, last + 1))
        assert ranges.gaps(ranges.union(((1, SETTLED),), present, lost), COUNT) == (), (
            "neither there nor declared"
        )
        rows = {row.hour: row for row in box.tally(TELEMETRY).rows}
        assert {hour: row.shed for hour, row in rows.items() if row.shed} == dict(samples)
        waiting = sum(row.recorded - row.shed for row in rows.values()) - 10 * SETTLED
        if sum(row.recorded for row in rows.values()) == 10 * COUNT:  # the counts themselves survived
            assert waiting == 10 * ranges.size(present)
        box.append(TELEMETRY, b"new", content_type="t", counts={NOON: 1})
        return ranges.size(lost)


def test_any_single_damaged_page_loses_only_what_was_in_it(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    epoch = fill(path)
    sound = path.read_bytes()
    losses = []
    pages = range(len(sound) // PAGE)
    for page in [*pages[:16], *pages[16::4]]:  # each table's and index's root, and leaves of all
        (tmp_path / "spool.db-wal").unlink(missing_ok=True)
        path.write_bytes(sound[: page * PAGE] + b"\xa5" * PAGE + sound[(page + 1) * PAGE :])
        losses.append(check(path, epoch))
    assert losses[0] == 0, "the schema is known"
    assert sorted(losses)[-2] <= SETTLED, "all is lost only with the root of the batches"


def test_damage_met_while_running_is_salvaged_and_the_work_done(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    epoch = fill(path)
    with Spool(path, clock=Fake(), limit_bytes=10_000_000) as box:
        before = box.epoch
        data = path.read_bytes()
        page = data.index(b"00150x") // PAGE
        with path.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(b"\xa5" * PAGE)
        for pragma in ("shrink_memory", "wal_checkpoint"):  # or it would read from its cache
            box._file._db.execute(f"PRAGMA {pragma}")
        present, lost, samples = account(box, epoch)
        assert ranges.holds(lost, 150)
        assert samples.total() == 10 * ranges.size(lost)
        assert ranges.union(((1, SETTLED),), present, lost) == ((1, COUNT),)
        assert box.epoch > before
        late = box.append(TELEMETRY, b"new", content_type="t", counts={})
        assert late.epoch == box.epoch


def test_a_flipped_bit_in_a_payload_is_seen_and_declared(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    epoch = fill(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"00150x") + 500] ^= 1
    path.write_bytes(data)
    with Spool(path, clock=Fake(), limit_bytes=10_000_000) as box:
        present, _, _ = account(box, epoch)  # seen when it is read …
        assert not ranges.holds(present, 150)
        present, lost, samples = account(box, epoch)  # … and declared with the next
        assert lost == ((150, 150),)
        assert samples == {NOON: 10}


def test_an_epoch_is_greater_although_the_whole_file_is_lost_and_the_clock_went_back(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    epoch = fill(path)
    path.unlink()
    clock = Fake()
    clock.jump(-365 * 86_400)
    with Spool(path, clock=clock) as box:
        assert box.epoch == epoch + 1


def test_a_salvage_cut_short_is_finished_or_done_again(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    epoch = fill(path)
    sound = path.read_bytes()
    path.write_bytes(b"\xa5" * len(sound))
    (tmp_path / "spool.db-wal").write_bytes(b"old")
    (tmp_path / "spool.db.salvage").write_bytes(b"half")
    (tmp_path / "spool.db.salvaged").write_bytes(sound)
    assert check(path, epoch) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_what_a_full_disk_refuses_is_declared_once_there_is_space(small_disk: Path) -> None:
    path = small_disk / "spool.db"
    other = small_disk / "other"
    with Spool(path, clock=Fake(), limit_bytes=64_000_000) as box:
        recorded = refused = 0
        other.write_bytes(b"x" * 300_000)
        while refused < 20:
            try:
                box.append(TELEMETRY, os.urandom(2_000), content_type="t", counts={NOON: 10})
                recorded += 10
            except spool.Full:
                refused += 10
        assert recorded
        other.unlink()
        present, lost, samples = account_disk(box)
        assert samples == {NOON: refused}
        assert lost == ()
        assert ranges.size(present) * 10 == recorded
        (row,) = box.tally(TELEMETRY).rows
        assert (row.recorded, row.shed) == (recorded + refused, refused)


def account_disk(box: Spool) -> tuple[ranges.Ranges, ranges.Ranges, Counter[int]]:
    box.tell()  # any transaction that finds room notes what was refused
    found = [e for b in box.due(Lane.EVENT, after=0, count=9, size=10**9) for e in events.decode(b.payload)]
    gaps = [event for event in found if isinstance(event, events.Gap)]
    assert {gap.reason for gap in gaps} == {"disk"}
    present = ranges.of(b.seq for b in box.due(Lane.TELEMETRY, after=0, count=10_000, size=10**9))
    samples = Counter({hour: n for gap in gaps for hour, n in gap.samples.items()})
    return present, ranges.union(*(gap.ranges for gap in gaps)), samples


def test_a_disk_filled_by_the_spool_alone_is_emptied_by_receipts(small_disk: Path) -> None:
    path = small_disk / "spool.db"
    box = Spool(path, clock=Fake(), limit_bytes=64_000_000)
    with pytest.raises(spool.Full, match="free space"):
        while True:
            box.append(TELEMETRY, os.urandom(5_000), content_type="t", counts={NOON: 1})
    box.close()
    with Spool(path, clock=Fake(), limit_bytes=64_000_000) as box:  # a restart on the full disk
        waiting = box.due(Lane.TELEMETRY, after=0, count=10_000, size=10**9)
        assert waiting
        for batch in waiting:
            one = Receipt(stream="k1/telemetry", epoch=batch.epoch, ranges=((batch.seq, batch.seq),))
            assert box.settle([one]) == [batch.id]
        for _ in range(50):
            box.append(TELEMETRY, os.urandom(5_000), content_type="t", counts={NOON: 1})


def test_a_full_disk_is_emptied_although_recording_goes_on(small_disk: Path) -> None:
    """What is recorded meanwhile may not take the space that the way out needs: nothing would move again."""
    recorded = refused = settled = 0
    with Spool(small_disk / "spool.db", clock=Fake(), limit_bytes=64_000_000) as box:

        def record(times: int) -> None:
            nonlocal recorded, refused
            for _ in range(times):
                try:
                    box.append(TELEMETRY, os.urandom(500), content_type="t", counts={NOON: 1})
                    recorded += 1
                except spool.Full:
                    refused += 1

        while not refused:
            record(1)
        for _ in range(60):
            due = box.due(Lane.TELEMETRY, after=0, count=64, size=10**9)
            box.due(Lane.EVENT, after=0, count=64, size=10**9)  # declares what was refused
            record(150)
            box.tell()
            record(150)
            numbers = ranges.of(batch.seq for batch in due)
            settled += len(box.settle([Receipt(stream="k1/telemetry", epoch=box.epoch, ranges=numbers)]))
        assert settled == 60 * 64
        assert recorded == settled + box.depth()[Lane.TELEMETRY]
        (row,) = box.tally(TELEMETRY).rows
        assert (row.recorded, row.shed) == (recorded + refused, refused)
        record(1_000)
        while due := box.due(Lane.TELEMETRY, after=0, count=64, size=10**9):
            numbers = ranges.of(batch.seq for batch in due)
            box.settle([Receipt(stream="k1/telemetry", epoch=box.epoch, ranges=numbers)])
        before = refused
        record(100)
        assert refused == before, "with the spool empty there is room again"
