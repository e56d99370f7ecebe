"""How well a document answers, from its stems alone: the same number on every engine.

BM25's shape. How rare a word is, is counted among the documents that match and that the caller may see, so no
order of results tells anything of what is hidden.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from city.search.expression import Alternative, Group, Phrase

_TITLE: Final = 6.0  # how much a word in the title counts against one in the body
_FULL: Final = 1.2  # BM25's k1: how soon the next occurrence adds little
_LENGTH: Final = 0.75  # BM25's b: how much a long text has to say a word more often
_USUAL: Final = 200  # stems of a body of usual length
_TOGETHER: Final = (1.5, 1.2)  # all words one after another as they were typed: in the title, in the body
_SCALE: Final = 1_000_000  # a score is a whole number, so that a place in the list can be told exactly


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A document that matches."""

    document: int
    kind: str
    key: str
    changed: int
    title: tuple[str, ...]  # stems
    body: tuple[str, ...]

    def place(self, score: int) -> tuple[int, int, str, str]:
        """Where it stands: smaller is further up."""
        return -score, -self.changed, self.kind, self.key


def rank(groups: Sequence[Group], candidates: Sequence[Candidate]) -> list[tuple[int, Candidate]]:
    """Scores and candidates, best first."""
    counts = [_counts(groups, candidate) for candidate in candidates]
    having = [sum(1 for row in counts if row[place]) for place in range(len(groups))]
    rare = [1 + math.log((len(candidates) + 1) / (found + 1)) for found in having]
    typed = _typed(groups)
    scored = [
        (_score(row, rare, candidate, typed), candidate)
        for row, candidate in zip(counts, candidates, strict=True)
    ]
    return sorted(scored, key=lambda one: one[1].place(one[0]))


def _score(counts: Sequence[float], rare: Sequence[float], candidate: Candidate, typed: list[str]) -> int:
    if not counts:
        return 0
    length = 1 - _LENGTH + _LENGTH * len(candidate.body) / _USUAL
    parts = (
        weight * count * (_FULL + 1) / (count + _FULL * length)
        for count, weight in zip(counts, rare, strict=True)
    )
    share = sum(1 for count in counts if count) / len(counts)
    whole = sum(parts) * share**2
    if len(typed) > 1:
        if _runs(typed, candidate.title):
            whole *= _TOGETHER[0]
        elif _runs(typed, candidate.body):
            whole *= _TOGETHER[1]
    return round(whole * _SCALE)


def _counts(groups: Sequence[Group], candidate: Candidate) -> list[float]:
    """For each group how often the best of its alternatives occurs, by weight and place."""
    places = [
        (weight, stems, Counter(stems))
        for weight, stems in ((_TITLE, candidate.title), (1.0, candidate.body))
    ]
    return [
        max(
            way.weight * sum(weight * _times(way, stems, counter) for weight, stems, counter in places)
            for way in group.ways
        )
        for group in groups
    ]


def _times(way: Alternative, stems: tuple[str, ...], counter: Counter[str]) -> int:
    if isinstance(way, Phrase):
        return _runs(way.stems, stems)
    if way.prefix:
        return sum(count for stem, count in counter.items() if stem.startswith(way.stem))
    return counter[way.stem]


def _runs(wanted: Sequence[str], stems: tuple[str, ...]) -> int:
    """How often these stand one after another."""
    found, place, wanted = 0, 0, tuple(wanted)
    while True:
        try:
            place = stems.index(wanted[0], place)
        except ValueError:
            return found
        found += stems[place : place + len(wanted)] == wanted
        place += 1


def _typed(groups: Sequence[Group]) -> list[str]:
    """Stems of what was typed, in its order."""
    typed: list[str] = []
    for group in groups:
        first = group.ways[0]
        typed += first.stems if isinstance(first, Phrase) else (first.stem,)
    return typed
