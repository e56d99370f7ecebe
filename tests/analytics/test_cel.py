"""Expressions: as the library works them out, one place after the other."""

import sys
from typing import Any

import celpy
import numpy as np
import pytest
from celpy import celtypes
from celpy.evaluation import CELEvalError
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import cel
from analytics.cel import Found

NAMES = ("crowd", "wifi", "calls")
NUMBERS = st.one_of(st.sampled_from(NAMES), st.sampled_from(["0.0", "1.0", "2.5", "10.0"]))
NUMERIC = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda one: f"({' '.join(one)})"),
        inner.map(lambda one: f"-({one})"),
    ),
    max_leaves=4,
)
COMPARED = st.tuples(NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMERIC).map(" ".join)
TRUTH = st.recursive(
    st.one_of(COMPARED, st.sampled_from(["true", "false"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda one: f"({' '.join(one)})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda one: f"(({one[0]}) ? ({one[1]}) : ({one[2]}))"),
    ),
    max_leaves=4,
)
PLACES = st.lists(
    st.fixed_dictionaries(
        {name: st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.5, 7.0])) for name in NAMES}
    ),
    min_size=1,
    max_size=4,
)


def columns(places: list[dict[str, float | None]]) -> dict[str, Found]:
    return {
        name: Found(
            np.array([np.nan if one[name] is None else one[name] for one in places], np.float64),
            np.array([one[name] is not None for one in places], np.bool_),
        )
        for name in NAMES
    }


def by_library(text: str, place: dict[str, float | None]) -> bool | None:
    limit = sys.getrecursionlimit()
    environment = celpy.Environment()
    sys.setrecursionlimit(limit)
    program = environment.program(environment.compile(text))
    given: dict[str, Any] = {
        name: celtypes.DoubleType(value) for name, value in place.items() if value is not None
    }
    try:
        return bool(program.evaluate(given))
    except CELEvalError:
        return None


@settings(max_examples=60, deadline=None)
@given(TRUTH, PLACES)
def test_it_is_what_the_library_says(text: str, places: list[dict[str, float | None]]) -> None:
    if len(text) > cel.LONGEST:
        return
    found = cel.compiled(text, NAMES)(columns(places))
    for number, place in enumerate(places):
        expected = by_library(text, place)
        assert (bool(found.value[number]) if found.known[number] else None) == expected


@pytest.mark.parametrize(
    "text,reason",
    [
        ("crowd >", "not CEL"),
        ("crowd", "is a number"),
        ("crowds > 1", "no such input, there are"),
        ("[1.0, 2.0].all(x, x > 0.0)", "only numbers"),
        ("size('a') > 1", "only numbers"),
        ("'a' == 'b'", "only numbers"),
        ("crowd.wifi > 1", "only numbers"),
        ("crowd % 2.0 > 1.0", "is not understood"),
        ("crowd > 5 / 2", "write 5.0"),
        ("crowd && wifi > 1", "a number stands where"),
        ("(crowd > 1) + 1 > 1", "a number stands where"),
        ("crowd > 1 ? 1 : 2", "is a number"),
        ("crowd ? true : false", "a ? b : c"),
        (" && ".join(["crowd > 1"] * 100), "longer than"),
        ("", "not CEL"),
        ("(" * 240 + "crowd > 1" + ")" * 240, "more than 40 brackets"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    limit = sys.getrecursionlimit()
    with pytest.raises(cel.Refused) as caught:
        cel.compiled(text, NAMES)
    assert sys.getrecursionlimit() == limit
    assert reason in str(caught.value)


def test_a_division_by_zero_is_infinite() -> None:
    found = cel.compiled("crowd / (wifi - wifi) > 5", NAMES)(
        columns([{"crowd": 1.0, "wifi": 2.0, "calls": None}])
    )
    assert found.value.tolist() == [True]
