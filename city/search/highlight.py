"""Which words of a text answer a question, and the piece of it that answers best. Segments, never markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from city.search.expression import Group, Phrase
from city.search.model import Segment
from city.search.words import Word, stem, words

EXCERPT: Final = 240  # characters of an excerpt
_READ: Final = 30_000  # characters of a body that are looked through for one
_MORE: Final = "…"


def title(text: str, groups: Sequence[Group]) -> tuple[Segment, ...]:
    """The whole text, with what answers."""
    found = list(words(text))
    return _segments(text, found, _marks(found, groups), 0, len(text))


def excerpt(text: str, groups: Sequence[Group]) -> tuple[Segment, ...]:
    """The piece of the text with most that answers, or its beginning; nothing of an empty text."""
    text = text.strip()
    if not text:
        return ()
    found = list(words(text[:_READ]))
    marks = _marks(found, groups)
    start, end = _best(found, marks)
    start, end = _fit(text, start, end)
    pieces = _segments(text, found, marks, start, end)
    before = (Segment(text=_MORE),) if start else ()
    after = (Segment(text=_MORE),) if end < len(text) else ()
    return (*before, *pieces, *after)


def _marks(found: Sequence[Word], groups: Sequence[Group]) -> list[int]:
    """For each word the number of the group that it answers, -1 where it answers none."""
    stems = [stem(word.word) for word in found]
    marks = [-1] * len(found)
    for number, group in enumerate(groups):
        for way in group.ways:
            if isinstance(way, Phrase):
                size = len(way.stems)
                for place in range(len(stems) - size + 1):
                    if tuple(stems[place : place + size]) == way.stems:
                        marks[place : place + size] = [number] * size
                continue
            for place, one in enumerate(stems):
                begun = way.prefix and (one.startswith(way.stem) or found[place].word.startswith(way.stem))
                if one == way.stem or begun:
                    marks[place] = number
    return marks


def _best(found: Sequence[Word], marks: Sequence[int]) -> tuple[int, int]:
    """Characters from the first to the last hit of the piece that answers most groups, then has most hits."""
    hits = [(found[place], number) for place, number in enumerate(marks) if number >= 0]
    best, span = (0, 0), (0, 0)
    last = 0
    for first in range(len(hits)):
        while last < len(hits) and hits[last][0].end - hits[first][0].start <= EXCERPT:
            last += 1
        inside = [number for _, number in hits[first:last]]
        if (len(set(inside)), len(inside)) > best:
            best = len(set(inside)), len(inside)
            span = hits[first][0].start, hits[last - 1][0].end
    return span


def _fit(text: str, start: int, end: int) -> tuple[int, int]:
    """A piece of EXCERPT characters around a span, cut between words."""
    spare = max(0, EXCERPT - (end - start))
    left = max(0, start - spare // 3)
    right = min(len(text), left + max(EXCERPT, end - start))
    left = max(0, min(left, right - EXCERPT))
    if left:
        space = text.find(" ", left, start)
        left = space + 1 if space >= 0 else start
    if right < len(text):
        space = text.rfind(" ", end, right)
        right = space if space > end else max(end, right)
    return left, right


def _segments(
    text: str, found: Sequence[Word], marks: Sequence[int], start: int, end: int
) -> tuple[Segment, ...]:
    pieces: list[Segment] = []
    at = start
    for word, number in zip(found, marks, strict=True):
        if number < 0 or word.start < at or word.end > end:
            continue
        if word.start > at:
            pieces.append(Segment(text=text[at : word.start]))
        pieces.append(Segment(text=text[word.start : word.end], hit=True))
        at = word.end
    if at < end:
        pieces.append(Segment(text=text[at:end]))
    return tuple(pieces)
