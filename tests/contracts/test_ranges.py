from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ranges

NUMBERS = st.sets(st.integers(1, 60))


def members(given_ranges: ranges.Ranges) -> set[int]:
    return {number for first, last in given_ranges for number in range(first, last + 1)}


@given(NUMBERS)
def test_of_holds_exactly_the_numbers_in_the_fewest_ranges(numbers: set[int]) -> None:
    found = ranges.of(numbers)
    assert members(found) == numbers
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))
    assert ranges.size(found) == len(numbers)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair)))), NUMBERS
)
def test_union_is_the_union_of_sets(parts: list[tuple[int, int]], numbers: set[int]) -> None:
    found = ranges.union(parts, ranges.of(numbers))
    assert members(found) == members(tuple(parts)) | numbers
    assert found == ranges.of(members(found))


@given(NUMBERS, st.integers(1, 70))
def test_holds_asks_the_set(numbers: set[int], number: int) -> None:
    assert ranges.holds(ranges.of(numbers), number) == (number in numbers)


@given(NUMBERS, st.integers(0, 70), st.integers(1, 5))
def test_gaps_are_the_numbers_that_are_missing(numbers: set[int], last: int, first: int) -> None:
    found = ranges.gaps(ranges.of(numbers), last, first)
    assert found == ranges.of(set(range(first, last + 1)) - numbers)


def test_a_range_that_ends_before_it_starts_is_an_error() -> None:
    with pytest.raises(ValueError, match="5–4"):
        ranges.union([(5, 4)])
