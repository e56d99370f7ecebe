"""What ingest may rely on, with each engine and each database of the ledger."""

import math
import threading

import pytest

from contracts.events import Gap
from contracts.instants import HOUR, MINUTE
from contracts.ledger import Hole
from contracts.series import Block, Selector
from contracts.topics import Device, Kind
from store import errors
from store.bundle import Store
from store.sink import Arrival, Committed, Write
from tests.store.writes import EPOCH, HERE, KIOSK, NOW, a_letter, a_tally, a_write, at, the_row


def samples(store: Store) -> int:
    return sum(len(points.times) for points in store.engine.range(Selector(), 0, 2**62))


def test_a_write_is_stored_and_counted(whole: Store) -> None:
    assert whole.sink.commit(a_write(at(1), at(2))) == Committed(stored=6)
    assert samples(whole) == 6
    row = the_row(whole)
    assert (row.site, row.kind, row.device, row.hour) == ("bima", "kiosk", "kiosk-1", HERE)
    assert (row.received, row.stored, row.dead, row.duplicated, row.unsequenced) == (6, 6, 0, 0, 0)
    assert (row.recorded, row.missing) == (None, 0)
    assert whole.ledger.holes() == []


def test_a_batch_that_came_before_is_counted_as_duplicate_and_not_written(whole: Store) -> None:
    whole.sink.commit(a_write(at(1), at(2)))
    again = a_write(at(2), at(3), at(3), samples=3)
    again.block.numbers[0] = 99.0  # would be seen, were it written
    assert whole.sink.commit(again) == Committed(duplicates=(0, 2), stored=3)
    assert samples(whole) == 9
    row = the_row(whole)
    assert (row.received, row.stored, row.duplicated) == (9, 9, 6)
    (points,) = whole.engine.range(Selector(), HERE + 2_000, HERE + 2_001)
    assert list(points.values) == [0.0]


def test_another_epoch_is_another_count(whole: Store) -> None:
    whole.sink.commit(a_write(at(1)))
    assert whole.sink.commit(a_write(at(1, EPOCH + 1))).duplicates == ()


def test_a_client_that_numbers_nothing_is_stored_and_counted_so(whole: Store) -> None:
    whole.sink.commit(a_write(None))
    whole.sink.commit(a_write(None))
    row = the_row(whole)
    assert (row.received, row.stored, row.unsequenced, row.duplicated) == (6, 6, 6, 0)
    assert samples(whole) == 3


def test_a_rejected_write_leaves_nothing_in_the_ledger(whole: Store) -> None:
    write = a_write(at(1), at(2))
    write.block.numbers[4] = math.nan
    with pytest.raises(errors.Rejected) as caught:
        whole.sink.commit(write)
    assert list(caught.value.rows) == [4]
    assert whole.ledger.rows(0, 2**62) == []
    assert whole.sink.commit(a_write(at(1), at(2))).duplicates == ()


def test_a_dead_letter_is_kept_counted_and_its_number_received(whole: Store) -> None:
    whole.sink.commit(a_write(at(1)))
    letter = a_letter("a", at(2))
    assert whole.sink.commit(a_write(dead=[letter])) == Committed()
    assert whole.dead_letters.list() == [letter]
    assert whole.dead_letters.get("a") == letter
    assert whole.dead_letters.count() == 1
    row = the_row(whole)
    assert (row.received, row.stored, row.dead) == (6, 3, 3)
    assert whole.ledger.holes() == []
    assert whole.sink.commit(a_write(dead=[a_letter("b", at(2))])) == Committed(dead_duplicates=(0,))
    assert whole.dead_letters.count() == 1
    assert the_row(whole).duplicated == 3


def test_a_replayed_dead_letter_becomes_stored_once(whole: Store) -> None:
    whole.sink.commit(a_write(dead=[a_letter("a", at(1)), a_letter("b", None)]))
    write = a_write(at(1))
    (arrival,) = write.arrivals
    replay = Write(
        worker="replay",
        at=NOW,
        block=write.block,
        arrivals=[
            Arrival(
                device=KIOSK,
                channel="telemetry",
                sequence=arrival.sequence,
                rows=arrival.rows,
                counts={HERE - HOUR: 3},
                replays="a",
            )
        ],
    )
    assert whole.sink.commit(replay) == Committed(stored=3)
    assert samples(whole) == 3
    assert whole.sink.commit(replay).duplicates == (0,)
    assert [letter.id for letter in whole.dead_letters.list()] == ["b"]
    assert [letter.replayed for letter in whole.dead_letters.list(replayed=True)] == [NOW, None]
    rows = {row.hour: row for row in whole.ledger.rows(0, 2**62)}
    assert (rows[HERE].received, rows[HERE].dead, rows[HERE].stored) == (3, 3, 0)
    earlier = rows[HERE - HOUR]
    assert (earlier.received, earlier.dead, earlier.stored, earlier.duplicated) == (3, 0, 3, 3)


def test_dead_letters_are_listed_by_page_and_deleted(whole: Store) -> None:
    whole.sink.commit(a_write(dead=[a_letter(f"{i}", None) for i in range(5)]))
    assert [one.id for one in whole.dead_letters.list(limit=2)] == ["0", "1"]
    assert [one.id for one in whole.dead_letters.list(after="1", limit=2)] == ["2", "3"]
    whole.dead_letters.delete("2")
    with pytest.raises(LookupError):
        whole.dead_letters.delete("2")
    with pytest.raises(LookupError):
        whole.dead_letters.get("2")
    assert whole.dead_letters.count() == 4


def test_of_two_tallies_the_newer_wins_in_whichever_order_they_come(whole: Store) -> None:
    whole.sink.commit(a_write(at(1)))
    whole.sink.commit(a_write(tallies=[(KIOSK, a_tally(NOW, 9)), (KIOSK, a_tally(NOW - MINUTE, 5))]))
    whole.sink.commit(a_write(tallies=[(KIOSK, a_tally(NOW - 2 * MINUTE, 4))]))
    row = the_row(whole)
    assert (row.recorded, row.sent, row.shed, row.missing) == (9, 9, 0, 6)
    newer = a_tally(NOW - HOUR, 12, shed=5, epoch=EPOCH + 1)  # a later start, by a clock set back
    whole.sink.commit(a_write(tallies=[(KIOSK, newer)]))
    assert (the_row(whole).recorded, the_row(whole).missing) == (12, 4)


def test_a_tally_alone_makes_a_row(whole: Store) -> None:
    whole.sink.commit(a_write(tallies=[(KIOSK, a_tally(NOW, 5))]))
    row = the_row(whole)
    assert (row.recorded, row.received, row.missing) == (5, 0, 5)


def hole(*ranges: tuple[int, int], reason: str, epoch: int = EPOCH) -> Hole:
    return Hole(device="kiosk-1", channel="telemetry", epoch=epoch, ranges=ranges, reason=reason)


def test_holes_and_why(whole: Store) -> None:
    whole.sink.commit(a_write(at(1), at(2), at(5), at(9)))
    assert whole.ledger.holes() == [hole((3, 4), (6, 8), reason="in flight")]
    gap = Gap(
        id="g", time=NOW, channel="telemetry", epoch=EPOCH, ranges=((3, 3), (7, 7)), samples={}, reason="full"
    )
    for _ in range(2):
        whole.sink.commit(a_write(gaps=[(KIOSK, gap)]))
    assert whole.ledger.holes() == [
        hole((3, 3), (7, 7), reason="full"),
        hole((4, 4), (6, 6), (8, 8), reason="in flight"),
    ]
    whole.sink.commit(a_write(at(4), at(7)))  # one that was given up came all the same
    assert whole.ledger.holes(device="kiosk-1") == [
        hole((3, 3), reason="full"),
        hole((6, 6), (8, 8), reason="in flight"),
    ]
    assert whole.ledger.holes(device="kiosk-2") == []
    later = a_tally(NOW, 9, epoch=EPOCH + 100, spooled=1, oldest=EPOCH + 50)
    whole.sink.commit(
        a_write(tallies=[(KIOSK, later)])
    )  # a new start, whose spool holds batches of the old one
    assert whole.ledger.holes()[1].reason == "in flight"
    whole.sink.commit(a_write(tallies=[(KIOSK, a_tally(NOW + 1, 9, epoch=EPOCH + 100))]))
    assert whole.ledger.holes() == [hole((3, 3), reason="full"), hole((6, 6), (8, 8), reason="unexplained")]


def test_rows_are_in_order_and_chosen_by_hour_and_device(whole: Store) -> None:
    block = Block()
    whole.sink.commit(
        Write(
            worker="w",
            at=NOW,
            block=block,
            arrivals=[
                Arrival(
                    device=Device(site="bima", kind=Kind.WIFI, device=name),
                    channel=channel,
                    sequence=None,
                    rows=(0, 0),
                    counts={HERE + hour * HOUR: 1},
                )
                for name in ("b", "a")
                for channel in ("telemetry", "event")
                for hour in (1, 0)
            ],
        )
    )
    rows = whole.ledger.rows(0, 2**62)
    keys = [(row.hour, row.device, row.channel) for row in rows]
    assert len(keys) == 8
    assert keys == sorted(keys)
    assert whole.ledger.rows(0, 2**62, limit=3) == rows[:3]
    assert whole.ledger.rows(HERE, HERE + HOUR, device="a") == [r for r in rows[:4] if r.device == "a"]


def test_two_workers_that_got_the_same_batches_count_each_once(whole: Store) -> None:
    results: list[Committed] = []
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait(timeout=10)
        results.extend(whole.sink.commit(a_write(at(seq), at(seq + 1))) for seq in range(1, 9))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert sum(one.stored for one in results) == 27
    row = the_row(whole)
    assert (row.received, row.stored) == (27, 27)
    assert row.duplicated == 4 * 8 * 2 * 3 - 27
    assert samples(whole) == 27
    assert whole.ledger.holes() == []


def test_state_is_kept_by_key(whole: Store) -> None:
    assert whole.state.get("cursor") is None
    whole.state.put("cursor", b"\x00one")
    whole.state.put("cursor", b"\x00two")
    assert whole.state.get("cursor") == b"\x00two"


def test_upkeep_folds_and_keeps_what_is_kept(whole: Store) -> None:
    whole.sink.commit(a_write(at(1), at(2)))
    assert whole.upkeep().gone == 0
    assert samples(whole) == 6
    assert the_row(whole).stored == 6
