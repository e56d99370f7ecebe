"""What a person typed → what is asked of the engine. Any text is a question; none is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from city.search import vocabulary
from city.search.expression import Alternative, Group, Phrase, Term
from city.search.words import STOP, normal, stem, words

LONGEST: Final = 200  # characters of a question that are read
_MOST: Final = 12  # words and phrases of it that are looked for
_QUOTES: Final = re.compile('["“”„]')
_UNFINISHED: Final = 2  # letters from which a word may be unfinished
_BEGUN: Final = 0.8  # how much a word counts that only begins like what was typed
_CORRECTED: Final = (0.6, 0.4)  # … that differs by one mistake, by two


class Said(NamedTuple):
    """One thing that was typed."""

    words: tuple[str, ...]  # folded; several are a phrase
    unfinished: bool = False


def read(text: str) -> list[Said]:
    """Words and phrases of a question, without words that tell nothing where others do."""
    found = list(_said(normal(text[:LONGEST])))
    telling = [one for one in found if len(one.words) > 1 or one.words[0] not in STOP]
    return list(dict.fromkeys(telling or found))[:_MOST]


def groups(tx: Connection, said: list[Said]) -> tuple[Group, ...]:
    """Each thing that was typed, with everything that may have been meant by it."""
    return tuple(_group(tx, one) for one in said)


def _said(text: str) -> Iterator[Said]:
    quoted = _QUOTES.split(text)
    for place, part in enumerate(quoted):
        found = list(words(part))
        if place % 2 and len(found) > 1:
            yield Said(tuple(word.word for word in found))
            continue
        last = place == len(quoted) - 1
        for word in found:
            starred = part[word.end : word.end + 1] == "*"
            open_ = starred or (last and word.end == len(part))
            yield Said((word.word,), open_ and len(word.word) >= _UNFINISHED)


def _group(tx: Connection, said: Said) -> Group:
    if len(said.words) > 1:
        return Group(said=" ".join(said.words), ways=(Phrase(tuple(stem(word) for word in said.words)),))
    (word,) = said.words
    ways: list[Alternative] = [Term(stem(word))]
    if said.unfinished:
        ways.append(Term(word, prefix=True, weight=_BEGUN))
        begun = vocabulary.beginning(tx, word)
        ways += [Term(one, weight=_BEGUN) for one in begun if one != stem(word)]
        if begun:
            return Group(said=word, ways=tuple(ways))
    if vocabulary.known(tx, word):
        return Group(said=word, ways=tuple(ways))
    near = vocabulary.near(tx, word)
    ways += [Term(of, weight=_CORRECTED[mistakes - 1]) for _, of, mistakes in near]
    return Group(said=word, ways=tuple(ways), corrected=tuple((of, meant) for meant, of, _ in near))
