"""The ledger does not take for lost what was given up on its way and came, on each engine and database."""

import random
from collections import Counter

import msgspec
import pytest

from contracts.batches import Sequence
from contracts.events import Stray, Tally, TallyRow
from contracts.instants import MINUTE
from contracts.ledger import Totals
from store.bundle import Store
from tests.store.writes import EPOCH, HERE, KIOSK, NOW, a_letter, a_tally, a_write, at, the_row


def strayed(tally: Tally, *strays: tuple[int, int, int], epoch: int = EPOCH) -> Tally:
    """The tally, with (first, last, each) of what it gave up on the way."""
    found = tuple(Stray(epoch=epoch, first=first, last=last, each=each) for first, last, each in strays)
    (row,) = tally.rows
    return msgspec.structs.replace(tally, rows=(msgspec.structs.replace(row, strays=found),))


def test_what_was_given_up_and_came_was_not_lost(whole: Store) -> None:
    whole.sink.commit(a_write(at(1), at(2)))
    told = strayed(a_tally(NOW, 21, shed=12), (2, 4, 3))  # and one that was never sent
    for _ in range(2):
        whole.sink.commit(a_write(tallies=[(KIOSK, told)]))
    row = the_row(whole)
    assert (row.recorded, row.stored, row.shed, row.missing, row.excess) == (21, 6, 9, 6, 0)
    whole.sink.commit(a_write(at(4), at(4), at(8)))  # another was on its way, too
    row = the_row(whole)
    assert (row.stored, row.shed, row.missing, row.excess) == (12, 6, 3, 0)
    whole.sink.commit(a_write(at(4, EPOCH + 1), at(3, channel="frame")))  # not those that were given up
    assert the_row(whole).shed == 6
    whole.sink.commit(a_write(dead=[a_letter("a", at(3))]))
    row = the_row(whole)
    assert (row.stored, row.dead, row.shed) == (15, 3, 3)


def test_of_two_tallies_only_the_newer_ones_strays_count(whole: Store) -> None:
    newer = strayed(a_tally(NOW, 9, shed=6), (1, 2, 3))
    older = strayed(a_tally(NOW - MINUTE, 9, shed=3), (1, 1, 3))
    whole.sink.commit(a_write(tallies=[(KIOSK, newer), (KIOSK, older)]))
    whole.sink.commit(a_write(at(1), at(2), at(3)))
    row = the_row(whole)
    assert (row.stored, row.shed, row.missing, row.excess) == (9, 0, 0, 0)


def test_an_excess_is_told_not_cut_off(whole: Store) -> None:
    whole.sink.commit(a_write(at(1), at(2), at(3), None))
    whole.sink.commit(a_write(tallies=[(KIOSK, a_tally(NOW, 6, shed=2))]))
    row = the_row(whole)
    assert (row.missing, row.excess) == (0, 5)


@pytest.mark.parametrize("seed", range(5))
def test_books_are_exact_whatever_is_given_up_on_its_way(
    whole: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Batches come late, twice or never, over restarts, tallies in any order: recorded = stored + shed."""
    monkeypatch.setattr("store.embedded.ledger._FOLD", 20)
    dice = random.Random(seed)
    epochs = [EPOCH, EPOCH + 1, EPOCH + 2]
    sizes = {at(seq, epoch): dice.choice((2, 2, 5)) for epoch in epochs for seq in range(1, 13)}
    fates = {one: dice.choice(("kept", "unsent", "late", "gone")) for one in sizes}
    given_up: list[Sequence] = []
    shed = 0
    tallies: list[Tally] = []
    came: list[Sequence] = []
    for place, (one, size) in enumerate(sizes.items()):
        if fates[one] != "kept":
            shed += size
        if fates[one] in ("late", "gone"):
            given_up.append(one)
        if fates[one] in ("kept", "late"):
            came += [one] * dice.choice((1, 1, 2))
        row = TallyRow(
            channel="telemetry",
            hour=HERE,
            recorded=sum(list(sizes.values())[: place + 1]),
            sent=0,
            shed=shed,
            strays=tuple(
                Stray(epoch=two.epoch, first=two.seq, last=two.seq, each=sizes[two]) for two in given_up
            ),
        )
        tallies.append(
            Tally(id=f"{place}", time=NOW + place, epoch=one.epoch, spooled=0, oldest=0, rows=(row,))
        )
    writes = [a_write(one, samples=sizes[one]) for one in came]
    writes += [a_write(tallies=[(KIOSK, one)]) for one in tallies]
    dice.shuffle(writes)
    for write in writes:
        whole.sink.commit(write)
        if dice.random() < 0.2:
            whole.upkeep()
    totals: Counter[str] = Counter()
    for one, size in sizes.items():
        totals[fates[one]] += size
    row_ = the_row(whole)
    assert row_.recorded == sum(sizes.values())
    assert (row_.stored, row_.shed) == (totals["kept"] + totals["late"], totals["unsent"] + totals["gone"])
    assert (row_.missing, row_.excess) == (0, 0)
    assert whole.ledger.totals(0, 2**62) == Totals.of([row_])
