"""Moves by a table worked out by hand, by a slow twin, and however the samples are cut."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tracks import UPDATE, Moves, Tracks
from contracts.series import Series
from contracts.topics import Kind

SERIES = [Series(site="bima", kind=Kind.KIOSK, device=f"kiosk-{n}", metric="m") for n in range(3)]
Sample = tuple[int, int, int]  # row, time, class


def tracks() -> Tracks:
    fresh = Tracks()
    for series in SERIES:
        fresh.row(series)
    return fresh


def move(memory: Tracks, samples: list[Sample], hold: int) -> list[tuple[str, int, int]]:
    """(what, row, time) in order of row and time."""
    samples = sorted(samples)
    rows, times, classes = (
        (np.array(column) for column in zip(*samples, strict=True)) if samples else [[]] * 3
    )
    moves: Moves = memory.move(
        np.asarray(rows, np.intp), np.asarray(times, np.int64), np.asarray(classes, np.int8), hold
    )
    return [
        (what, row, time)
        for place, (row, time, _) in enumerate(samples)
        for what in ("raised", "updated", "cleared")
        if getattr(moves, what)[place]
    ]


@pytest.mark.parametrize(
    "hold,classes,expected",
    [
        (0, "-+-", {1: "raised", 2: "cleared"}),
        (0, "+++", {0: "raised"}),
        (0, "+0+0-", {0: "raised", 4: "cleared"}),  # between limit and clear nothing changes
        (0, "0-0", {}),
        (2, "+++", {2: "raised"}),
        (2, "++-+++", {5: "raised"}),  # a break starts the hold anew
        (2, "++0+++", {5: "raised"}),  # so does a value in between
        (2, "+++--+---", {2: "raised", 8: "cleared"}),
        (2, "+++--0---", {2: "raised", 8: "cleared"}),
        (9, "+++", {}),
    ],
)
def test_moves_by_hand(hold: int, classes: str, expected: dict[int, str]) -> None:
    samples = [(0, time, {"+": 1, "-": -1, "0": 0}[mark]) for time, mark in enumerate(classes)]
    assert {time: what for what, _, time in move(tracks(), samples, hold)} == expected


def test_a_firing_series_is_told_again_once_a_step() -> None:
    step = UPDATE
    times = [1, 2, step - 1, step, step + 1, 3 * step]
    assert move(tracks(), [(0, time, 1) for time in times], 0) == [
        ("raised", 0, 1),
        ("updated", 0, step),
        ("updated", 0, 3 * step),
    ]


def slow(samples: list[Sample], hold: int) -> list[tuple[str, int, int]]:
    """The same, one sample after the other."""
    told = []
    state: dict[int, dict[str, Any]] = {}
    for row, time, cls in sorted(samples):
        memory = state.setdefault(row, {"cls": 0, "since": 0, "firing": False, "last": None})
        if cls != memory["cls"]:
            memory.update(cls=cls, since=time)
        ripe = cls != 0 and time - memory["since"] >= hold
        if ripe and cls > 0 and not memory["firing"]:
            memory["firing"] = True
            told.append(("raised", row, time))
        elif ripe and cls < 0 and memory["firing"]:
            memory["firing"] = False
            told.append(("cleared", row, time))
        elif memory["firing"] and cls > 0 and time // UPDATE != memory["last"] // UPDATE:
            told.append(("updated", row, time))
        memory["last"] = time
    return told


SAMPLES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 4 * UPDATE), st.sampled_from([-1, 0, 1])),
    unique_by=lambda sample: sample[:2],
    max_size=40,
)
HOLDS = st.sampled_from([0, 1, UPDATE // 2, UPDATE])


@given(SAMPLES, HOLDS)
def test_all_at_once_is_as_one_after_the_other(samples: list[Sample], hold: int) -> None:
    assert move(tracks(), samples, hold) == slow(samples, hold)


@given(SAMPLES, HOLDS, st.lists(st.integers(1, 4 * UPDATE), max_size=4))
def test_it_does_not_matter_how_samples_are_cut(samples: list[Sample], hold: int, cuts: list[int]) -> None:
    memory = tracks()
    told = []
    edges = [0, *sorted(cuts), 5 * UPDATE]
    for start, end in pairwise(edges):
        told += move(memory, [one for one in samples if start <= one[1] < end], hold)
        kept = memory.save()
        memory = Tracks()  # every piece in another process
        memory.restore(kept, timers=True)
    assert sorted(told) == sorted(move(tracks(), samples, hold))


def test_many_series_fit() -> None:
    memory = Tracks()
    many = [Series(site="bima", kind=Kind.KIOSK, device=f"d{n}", metric="m") for n in range(1000)]
    assert [memory.row(series) for series in many] == list(range(1000))
    assert [memory.row(series) for series in many] == list(range(1000))
    assert len(move(memory, [(row, 1, 1) for row in range(1000)], 0)) == 1000
