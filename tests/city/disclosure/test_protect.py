"""Small counts are hidden, and no reader can work them out."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.disclosure import TOTAL, Cell, Need, Shape, attack, dominated, protect
from contracts.errors import Refused
from tests.city.disclosure.attacker import tried

FLAT = Shape({"a": TOTAL, "b": TOTAL, "c": TOTAL}, ("x", "y"))
LIST = Shape({"a": TOTAL, "b": TOTAL, "c": TOTAL})
TREE = Shape({"k": TOTAL, "k1": "k", "k2": "k", "m": TOTAL, "m1": "m"}, ("x", "y"))
DEEP = Shape({"k": TOTAL, "l": "k", "l1": "l", "l2": "l", "k1": "k"})
SHAPES = [FLAT, LIST, TREE, DEEP, Shape({"a": TOTAL}), Shape({"a": TOTAL, "b": TOTAL}, ("x",))]
LEAST = 3  # small, so that every table can be tried
MOST = 4


@st.composite
def tables(draw: st.DrawFn) -> tuple[Shape, dict[Cell, int]]:
    shape = draw(st.sampled_from(SHAPES))
    counts = st.integers(0, MOST) | st.integers(0, LEAST - 1)
    return shape, {cell: draw(counts) for cell in shape.inner}


def test_a_shape_knows_its_sums() -> None:
    assert TREE.leaves == ("k1", "k2", "m1")
    assert list(TREE.above(("k1", "x"))) == [
        ("k1", "x"), ("k1", TOTAL), ("k", "x"), ("k", TOTAL), (TOTAL, "x"), (TOTAL, TOTAL),
    ]  # fmt: skip
    values = TREE.summed({("k1", "x"): 1, ("k2", "x"): 2, ("m1", "y"): 4})
    assert values["k", "x"] == 3
    assert values["m", TOTAL] == 4
    assert values[TOTAL, TOTAL] == 7
    assert DEEP.leaves == ("l1", "l2", "k1")
    assert DEEP.inner[0] == ("l1", TOTAL)


@pytest.mark.parametrize(
    "rows, columns",
    [
        ({}, ()),
        ({"a": "b"}, ()),
        ({"a": "b", "b": "a"}, ()),
        ({"a": "a"}, ()),
        ({TOTAL: "a", "a": TOTAL}, ()),
        ({"a": TOTAL}, ("x", "x")),
        ({"a": TOTAL}, ("",)),
        ({f"r{number}": TOTAL for number in range(2_500)}, ("x",)),
    ],
)
def test_shapes_that_are_none(rows: dict[str, str], columns: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        Shape(rows, columns)


def test_counts_that_are_none() -> None:
    for counts in (
        {("a", TOTAL): 1},
        {("a", "z"): 1},
        {("a", "x"): -1},
        {("a", "x"): True},
        {("a", "x"): 1.0},
    ):
        with pytest.raises(Refused):
            protect(FLAT, counts)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        protect(FLAT, {}, least=1)
    with pytest.raises(Refused):
        protect(FLAT, {("a", "x"): 1}, impossible=[("a", "x")])
    with pytest.raises(Refused):
        protect(FLAT, {}, impossible=[("a", TOTAL)])
    with pytest.raises(Refused):
        protect(FLAT, {}, sensitive={("z", "x"): Need(down=1, up=1)})


def test_one_small_cell_takes_others_with_it() -> None:
    counts = {("a", "x"): 2, ("a", "y"): 30, ("b", "x"): 10, ("b", "y"): 40, ("c", "x"): 20, ("c", "y"): 50}
    table = protect(FLAT, counts)
    assert table.hidden == {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")}
    assert table.cells["a", TOTAL] == 32
    assert attack(table, counts)["a", "x"] == (0, 12)


def test_a_table_without_small_cells_is_shown_whole() -> None:
    counts = dict.fromkeys(FLAT.inner, 5)
    assert protect(FLAT, counts).hidden == frozenset()


def test_a_small_total_hides_all() -> None:
    table = protect(LIST, {("a", TOTAL): 3})
    assert table.hidden == set(LIST.cells)
    assert attack(table, {("a", TOTAL): 3})[TOTAL, TOTAL] == (0, None)


def test_what_everybody_knows_hides_nothing() -> None:
    counts = {("a", "x"): 2, ("a", "y"): 30, ("b", "x"): 10, ("b", "y"): 40, ("c", "x"): 20}
    never = [("c", "y")]
    table = protect(FLAT, counts, impossible=never)
    assert table.cells["c", "y"] == 0
    assert ("c", "x") not in table.hidden
    found = attack(table, counts, impossible=never)
    assert found["a", "x"][0] == 0
    whole = protect(
        FLAT, {("a", "x"): 9, ("a", "y"): 9}, impossible=[("b", "x"), ("b", "y"), ("c", "x"), ("c", "y")]
    )
    assert whole.hidden == frozenset()
    assert whole.cells["b", TOTAL] == 0


@settings(max_examples=60)
@given(tables(), st.booleans())
def test_the_flows_say_what_trying_everything_says(drawn: tuple[Shape, dict[Cell, int]], zeros: bool) -> None:
    shape, counts = drawn
    table = protect(shape, counts, least=LEAST, zeros=zeros)
    values = shape.summed(counts)
    cap = 2 * MOST
    found = tried(shape, table.cells, cap)
    for cell, (low, high) in attack(table, counts).items():
        assert found[cell][0] == low, cell
        assert high is None or found[cell][1] <= high, cell
        if high is not None and high - values[cell] + MOST <= cap:  # no other count leaves what is tried
            assert found[cell][1] == high, cell
    for cell, value in table.cells.items():
        assert value is None or found[cell] == (value, value)


@settings(max_examples=150)
@given(tables())
def test_every_small_value_remains_possible(drawn: tuple[Shape, dict[Cell, int]]) -> None:
    shape, counts = drawn
    table = protect(shape, counts, least=LEAST)
    assert table == protect(shape, counts, least=LEAST)
    found = attack(table, counts)
    for cell, value in shape.summed(counts).items():
        if value < LEAST:
            assert cell in table.hidden
            low, high = found[cell]
            assert low == 0
            assert high is None or high >= LEAST
        elif cell not in table.hidden:
            assert table.cells[cell] == value
    for low, high in found.values():
        assert low != high  # none is hidden that could be worked out


def test_a_large_table_is_quick_and_keeps_most_cells() -> None:
    chance = random.Random(3)
    rows = {f"k{number}": TOTAL for number in range(5)}
    rows |= {f"k{number}.{part}": f"k{number}" for number in range(5) for part in range(5)}
    shape = Shape(rows, tuple("abcdefghij"))
    counts = {cell: int(chance.paretovariate(0.7) * 4) for cell in shape.inner}
    table = protect(shape, counts)
    small = {cell for cell, value in shape.summed(counts).items() if value < 5}
    assert small <= table.hidden
    assert len(small) < len(table.hidden) < len(shape.cells) * 0.8
    found = attack(table, counts)
    assert all(found[cell][0] == 0 and (found[cell][1] or 9) >= 5 for cell in small)


def test_a_cell_that_one_contributor_fills() -> None:
    parts = {("a", "x"): [90, 5], ("a", "y"): [30, 30, 30], ("b", "x"): [], ("b", "y"): [7]}
    needs = dominated(parts)
    assert set(needs) == {("a", "x"), ("b", "y")}
    assert needs["a", "x"] == Need(down=9, up=9)
    counts = {cell: sum(added) for cell, added in parts.items()} | {("c", "x"): 40, ("c", "y"): 40}
    table = protect(FLAT, counts, zeros=False, sensitive=needs)
    low, high = attack(table, counts)["a", "x"]
    assert low <= 95 - 9
    assert high is None or high >= 95 + 9
