"""A table that is shown again tells nothing of a few records."""

import itertools
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from city.db import Database, check
from city.db.migrate import differences
from city.disclosure import TOTAL, Cell, Release, Shape, protect, release
from city.disclosure.history import HISTORY
from city.disclosure.steps import moved
from contracts.errors import Refused
from tests.city.disclosure.attacker import tried

SHAPE = Shape({"a": TOTAL, "b": TOTAL, "c": TOTAL}, ("x", "y"))
COUNTS = {("a", "x"): 2, ("a", "y"): 30, ("b", "x"): 10, ("b", "y"): 40, ("c", "x"): 20, ("c", "y"): 50}
SMALL = Shape({"k": TOTAL, "k1": "k", "k2": "k", "m": TOTAL}, ("x", "y"))
LEAST = 3


def show(db: Database, counts: dict[Cell, int], *, now: int = 1, **more: object) -> Release:
    with db.begin() as tx:
        return release(tx, "cases.2026", SHAPE, counts, now=now, **more)  # type: ignore[arg-type]


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_the_same_again_is_the_same(db: Database) -> None:
    first = show(db, COUNTS)
    assert (first.number, first.released) == (1, 1)
    assert first.table == protect(SHAPE, COUNTS)
    assert show(db, COUNTS, now=2) == first


def test_a_few_records_change_nothing(db: Database) -> None:
    first = show(db, COUNTS)
    for change in (1, 4, -4):
        counts = COUNTS | {("c", "y"): 50 + change, ("a", "x"): 2 + abs(change)}
        assert show(db, counts, now=2) == first


def test_many_records_change_what_they_are_in(db: Database) -> None:
    first = show(db, COUNTS)
    second = show(db, COUNTS | {("c", "y"): 55, ("c", "x"): 24}, now=2)
    assert (second.number, second.released) == (2, 2)
    assert second.table.cells["c", "y"] == 55
    assert second.table.cells["c", "x"] == 20
    assert second.table.cells["c", TOTAL] == 75
    assert second.table.hidden == first.table.hidden
    assert show(db, COUNTS | {("c", "y"): 59, ("c", "x"): 25}, now=3).table.cells["c", TOTAL] == 80


def test_what_was_hidden_stays_hidden(db: Database) -> None:
    first = show(db, COUNTS)
    large = {cell: count + 100 for cell, count in COUNTS.items()}
    second = show(db, large, now=2)
    assert second.number == 2
    assert second.table.hidden >= first.table.hidden
    assert second.table.cells["c", "x"] == 120
    third = show(db, COUNTS, now=3)  # hidden counts only grow, so that sums around them tell nothing
    assert third.table.cells["a", TOTAL] == 232
    assert third.table.cells["c", TOTAL] == 70


def test_another_question_is_another_key(db: Database) -> None:
    show(db, COUNTS)
    with db.begin() as tx:
        with pytest.raises(Refused, match="another key"):
            release(tx, "cases.2026", Shape({"a": TOTAL}), {}, now=2)
        with pytest.raises(Refused, match="least"):
            release(tx, "cases.2026", SHAPE, COUNTS, now=2, least=4)
        with pytest.raises(Refused, match="key"):
            release(tx, "", SHAPE, COUNTS, now=2)
        assert release(tx, "cases.2027", SHAPE, {}, now=2).number == 1
    assert show(db, COUNTS, now=2, least=11).table.cells["b", "x"] is None


def test_of_many_at_once_all_get_the_same(db: Database) -> None:
    found: list[Release] = []
    ready = threading.Barrier(8)

    def run(number: int) -> None:
        ready.wait()
        found.append(show(db, COUNTS | {("c", "y"): 50 + number}, now=number + 1))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {(one.number, one.released) for one in found} == {(1, found[0].released)}


MOST = 5
DRAWN = st.integers(0, 2) | st.integers(0, MOST)


@settings(max_examples=25)
@given(
    st.fixed_dictionaries(dict.fromkeys(SMALL.inner, DRAWN)),
    st.lists(st.fixed_dictionaries(dict.fromkeys(SMALL.inner, DRAWN)), min_size=1, max_size=3),
)
def test_a_reader_who_knows_every_change_learns_nothing(
    first: dict[Cell, int], later: list[dict[Cell, int]]
) -> None:
    before = protect(SMALL, first, least=LEAST)
    cap = MOST + 2
    alone = tried(SMALL, before.cells, cap)
    table, counts = before, first
    for true in later:
        after = moved(SMALL, counts, true, least=LEAST, hidden=table.hidden)
        for cell in SMALL.inner:
            assert after[cell] == counts[cell] or abs(after[cell] - counts[cell]) >= LEAST
        table, counts = protect(SMALL, after, least=LEAST, keep_hidden=table.hidden), after
        change = {cell: counts[cell] - first[cell] for cell in SMALL.inner}
        together = tried(SMALL, before.cells, cap, later=(table.cells, change))
        for cell, value in SMALL.summed(first).items():
            if value < LEAST:
                assert together[cell] == alone[cell], cell


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(SHAPE.inner, DRAWN)), min_size=2, max_size=5), st.uuids())
def test_no_difference_between_releases_is_small(
    db: Database, drawn: list[dict[Cell, int]], key: object
) -> None:
    shown = []
    for counts in drawn:
        with db.begin() as tx:
            shown.append(release(tx, str(key), SHAPE, counts, now=1, least=LEAST).table)
    for one, next_ in itertools.pairwise(shown):
        assert one.hidden <= next_.hidden
        for cell in SHAPE.inner:
            old, new = one.cells[cell], next_.cells[cell]
            assert old is None or new is None or old == new or abs(new - old) >= LEAST
