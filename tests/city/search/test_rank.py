"""What counts for more: pure, and so the same on every engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.search.expression import Group, Phrase, Term
from city.search.rank import Candidate, rank


def text(name: str, title: str = "", body: str = "", changed: int = 0) -> Candidate:
    return Candidate(
        document=0,
        kind="law",
        key=name,
        changed=changed,
        title=tuple(title.split()),
        body=tuple(body.split()),
    )


def asked(*words: str) -> list[Group]:
    return [Group(said=word, ways=(Term(word),)) for word in words]


def order(groups: list[Group], *candidates: Candidate) -> list[str]:
    found = rank(groups, candidates)
    assert rank(groups, candidates[::-1]) == found
    return [one.key for _, one in found]


LONG = "lain " * 400


@pytest.mark.parametrize(
    "groups, better, worse",
    [
        (asked("banjir"), text("b", title="banjir"), text("a", body="banjir")),
        (asked("banjir"), text("b", body="banjir banjir"), text("a", body="banjir lain")),
        (asked("banjir"), text("b", body="banjir"), text("a", body="banjir " + LONG)),
        (asked("x", "y"), text("b", title="x y z"), text("a", title="y x z")),
        (asked("x", "y"), text("b", body="x y z"), text("a", body="y x z")),
        (asked("x"), text("b", title="x", changed=2), text("a", title="x", changed=1)),
        (asked("x"), text("a", title="x"), text("b", title="x")),
        (
            [Group(said="x", ways=(Term("x"), Term("near", weight=0.6)))],
            text("b", body="x"),
            text("a", body="near"),
        ),
        (
            [Group(said="x y", ways=(Phrase(("x", "y")),))],
            text("b", body="x y x y"),
            text("a", body="x y y x"),
        ),
        (
            [Group(said="ba", ways=(Term("ba"), Term("ba", prefix=True, weight=0.8)))],
            text("b", body="ba lain"),
            text("a", body="banjir lain"),
        ),
    ],
)
def test_the_better_comes_first(groups: list[Group], better: Candidate, worse: Candidate) -> None:
    assert order(groups, worse, better) == [better.key, worse.key]


def test_most_of_the_words_beat_one_that_is_rare() -> None:
    usual = [text(f"{number}", body="banjir dan sampah") for number in range(6)]
    assert order(asked("banjir", "sampah", "kuda", "unta"), text("kuda", title="kuda"), *usual)[-1] == "kuda"


def test_the_rarer_word_counts_more() -> None:
    usual = [text(f"{number}", body="banjir") for number in range(6)]
    assert order(asked("banjir", "kuda"), *usual, text("kuda", body="kuda"))[0] == "kuda"


@given(st.lists(st.lists(st.sampled_from("xyz"), max_size=8).map(" ".join), max_size=5))
def test_any_texts_have_an_order(bodies: list[str]) -> None:
    candidates = [text(f"{place}", body=body) for place, body in enumerate(bodies)]
    found = rank(asked("x", "y"), candidates)
    assert len(found) == len(bodies)
    assert [one for one, _ in found] == sorted((one for one, _ in found), reverse=True)
    for score, one in found:
        assert (score > 0) == bool({"x", "y"} & set(one.body))
