"""The words that documents use: for what begins like a word, and for what was meant by one that nobody uses.

Words are only added here, by one transaction at a time that never waits: who cannot add them now leaves the
document marked, and the next one who can takes them along. A caller's transaction is never held up by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update

from city.search.model import STEMS
from city.search.tables import documents, grams, vocabulary
from city.search.words import split, stem

T = TypeVar("T")
SHORTEST: Final = 3  # letters of a word worth knowing
_LONGEST: Final = 32
_CORRECTED_FROM: Final = 4  # letters: shorter words have too many neighbours
_TWO_FROM: Final = 7  # letters from which two mistakes are forgiven, one below
_TOUCHED: Final = 4  # trigrams that one mistake can change: two letters that changed places touch four
_LOOKED_AT: Final = 1_000  # words with most trigrams in common that are compared letter by letter
_BEGINNINGS: Final = 40  # words taken for one that is not finished
_CHUNK: Final = 500  # values in one statement
_BEHIND: Final = 20  # marked documents that one transaction takes along


def known(tx: Connection, word: str) -> bool:
    """Whether a document uses the word, or another of the same stem."""
    query = select(vocabulary.c.id).where((vocabulary.c.word == word) | (vocabulary.c.stem == stem(word)))
    return tx.execute(query.limit(1)).first() is not None


def beginning(tx: Connection, start: str) -> list[str]:
    """Stems of words that begin like this, shortest words first."""
    after = vocabulary.c.word >= start
    before = vocabulary.c.word < start + chr(0x10FFFF)
    query = select(vocabulary.c.stem).where(after & before)
    query = query.order_by(func.length(vocabulary.c.word), vocabulary.c.word).limit(_BEGINNINGS)
    return list(dict.fromkeys(tx.execute(query).scalars()))


def near(tx: Connection, word: str, limit: int = 5) -> list[tuple[str, str, int]]:
    """(word, stem, mistakes) of words that may have been meant, nearest first."""
    if not _CORRECTED_FROM <= len(word) <= _LONGEST or not _plain(word):
        return []
    from rapidfuzz.distance import OSA

    most = 2 if len(word) >= _TWO_FROM else 1
    wanted = sorted(trigrams(word))
    shared = func.count().label("shared")
    alike = (
        select(grams.c.word, shared)
        .where(grams.c.gram.in_(wanted))
        .group_by(grams.c.word)
        .having(shared >= max(1, len(wanted) - _TOUCHED * most))
        .order_by(shared.desc(), grams.c.word)
        .limit(_LOOKED_AT)
        .subquery()
    )
    query = (
        select(vocabulary.c.word, vocabulary.c.stem, alike.c.shared)
        .join_from(alike, vocabulary, alike.c.word == vocabulary.c.id)
        .where(func.length(vocabulary.c.word).between(len(word) - most, len(word) + most))
    )
    found = [(OSA.distance(word, row.word), -row.shared, row.word, row.stem) for row in tx.execute(query)]
    return [(said, of, mistakes) for mistakes, _, said, of in sorted(found) if mistakes <= most][:limit]


def trigrams(word: str) -> set[str]:
    """Three letters each, the beginning weighing most: `  ba`, ` bak`, … as others pad them too."""
    padded = f"  {word} "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def learn(tx: Connection, said: Iterable[str], *, most: int) -> None:
    """Add those of these words that are not there yet, until there are `most`."""
    wanted = sorted({word for word in said if _worth(word)})
    for some in _chunks(wanted, _CHUNK):
        there = set(tx.execute(select(vocabulary.c.word).where(vocabulary.c.word.in_(some))).scalars())
        new = [{"word": word, "stem": stem(word)} for word in some if word not in there]
        if not new or size(tx) >= most:
            continue
        added = tx.execute(insert(vocabulary).returning(vocabulary.c.id, vocabulary.c.word), new).all()
        rows = [{"gram": gram, "word": row.id} for row in added for gram in sorted(trigrams(row.word))]
        tx.execute(insert(grams), rows)


def catch_up(tx: Connection, *, most: int) -> None:
    """Learn from documents that were put while another transaction was learning."""
    query = select(documents.c.id, documents.c.title, documents.c.body).where(documents.c.learned.is_(False))
    behind = tx.execute(query.order_by(documents.c.id).limit(_BEHIND).with_for_update(skip_locked=True)).all()
    if not behind:
        return
    for row in behind:
        learn(tx, (*split(row.title, STEMS), *split(row.body, STEMS)), most=most)
    done = documents.c.id.in_([row.id for row in behind])
    tx.execute(update(documents).where(done).values(learned=True))


def size(tx: Connection) -> int:
    """How many words there are, near enough: numbers grow, and the oldest are forgotten first."""
    first, last = tx.execute(select(func.min(vocabulary.c.id), func.max(vocabulary.c.id))).one()
    return 0 if first is None else int(last) - int(first) + 1


def newest(tx: Connection) -> int:
    """Number of the word that was added last."""
    return tx.execute(select(func.max(vocabulary.c.id))).scalar() or 0


def forget(tx: Connection, until: int, limit: int) -> int:
    """Delete the oldest words, none newer than number `until`; how many."""
    query = select(vocabulary.c.id).where(vocabulary.c.id <= until).order_by(vocabulary.c.id).limit(limit)
    old = list(tx.execute(query).scalars())
    for some in _chunks(old, _CHUNK):
        tx.execute(delete(grams).where(grams.c.word.in_(some)))
        tx.execute(delete(vocabulary).where(vocabulary.c.id.in_(some)))
    return len(old)


def _worth(word: str) -> bool:
    return SHORTEST <= len(word) <= _LONGEST and _plain(word)


def _plain(word: str) -> bool:
    return word.isascii() and word.isalpha()


def _chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]
