"""The search on a city database: how fast it takes documents in, and how long questions of each kind take."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Final

from city.db import Database, upgrade
from city.search import PUBLIC, Document, Finder, Index, Kind, Query, engine
from city.search.history import HISTORY
from contracts.judgements import Text

KIND: Final = Kind(
    name="page", title=Text(id="Halaman", en="Page"), heading=("title",), text=("body",), facets=("topic",)
)
_WORDS: Final = 20_000  # of the language
_TITLE: Final = 6  # words of a title
_BODY: Final = 120  # words of a body, on average
_AT_ONCE: Final = 50  # documents of one transaction
_ASKED: Final = 100  # questions of each kind
Say = Callable[[str], None]


def run(url: str, documents: int = 100_000, *, seed: int = 1, say: Say = lambda _: None) -> dict[str, float]:
    """Flat figures; `url`: an empty database that is ours to fill."""
    db = Database(url)
    try:
        upgrade(db, [HISTORY])
        load = _Load(seed)
        index = Index(engine(lite=db.lite))
        started = time.perf_counter()
        for first in range(0, documents, _AT_ONCE):
            with db.begin() as tx:
                for number in range(first, min(first + _AT_ONCE, documents)):
                    index.put(tx, KIND, load.document(number))
            if first % 5_000 == 0:
                say(f"{first:,} of {documents:,} documents")
        figures = {"documents": float(documents), "put_per_s": documents / (time.perf_counter() - started)}
        finder = Finder(db, index)
        for name, questions in load.questions():
            say(name)
            figures |= {f"{name}_{key}": value for key, value in _ask(finder, questions).items()}
        return figures
    finally:
        db.close()


def _ask(finder: Finder, questions: Iterator[str]) -> dict[str, float]:
    took, found = [], 0
    for question in questions:
        started = time.perf_counter()
        found += finder.find(Query(text=question), sight=PUBLIC).total
        took.append((time.perf_counter() - started) * 1_000)
    took.sort()
    return {
        "ms_p50": took[len(took) // 2],
        "ms_p99": took[int(len(took) * 0.99) - 1],
        "found_mean": found / len(took),
    }


class _Load:
    """Texts whose words are as unevenly used as a language's (Zipf), the same for each engine."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._words: list[str] = []
        seen: set[str] = set()
        while len(self._words) < _WORDS:
            length = self._chance.choice((2, 2, 3, 3, 4))
            word = "".join(
                self._chance.choice("bcdfghjklmnprstwy") + self._chance.choice("aeiou") for _ in range(length)
            )
            if word not in seen:
                seen.add(word)
                self._words.append(word)
        self._weights: list[float] = []
        total = 0.0
        for rank in range(1, _WORDS + 1):
            total += 1 / (rank + 10)
            self._weights.append(total)

    def _draw(self, count: int) -> list[str]:
        return self._chance.choices(self._words, cum_weights=self._weights, k=count)

    def document(self, number: int) -> Document:
        """One public page."""
        fields = {
            "title": " ".join(self._draw(_TITLE)),
            "body": " ".join(self._draw(self._chance.randint(_BODY // 2, _BODY * 3 // 2))),
            "topic": f"topic {number % 12}",
        }
        return Document(id=f"{number}", path=f"/{number}", fields=fields, public=True, changed=number)

    def questions(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Kinds of questions, each with some."""
        pick = self._chance.choice
        yield "rare", (f"{pick(self._words[5_000:])} " for _ in range(_ASKED))
        yield "frequent", (f"{pick(self._words[:20])} " for _ in range(_ASKED))
        yield "three_words", (" ".join(self._draw(3)) + " " for _ in range(_ASKED))
        yield "unfinished", (pick(self._words)[:3] for _ in range(_ASKED))
        yield "misspelt", (_slip(pick([w for w in self._words[:5_000] if len(w) > 5])) for _ in range(_ASKED))
        yield "phrase", (f'"{" ".join(self._draw(2))}"' for _ in range(_ASKED))


def _slip(word: str) -> str:
    """The word with two letters exchanged."""
    return f"{word[:2]}{word[3]}{word[2]}{word[4:]} "
