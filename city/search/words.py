"""Text → words and their stems: one tokeniser for both engines, so that they find and rank alike.

What reaches an engine is made of our own stems and of nothing else, so no text can be a query's syntax.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

LONGEST: Final = 64  # characters of a word that count; longer ones are no words
HEAVIEST: Final = 400_000  # bytes of one text's stems; PostgreSQL takes 1 MB with all that belongs to them
# Apostrophes within a word belong to it, however they are typed: Jum'at, Qur'an.
_WORD: Final = re.compile(r"[^\W_]+(?:['`\u00b4\u02bc\u2018\u2019][^\W_]+)*")
_KNOWN: Final = 65_536  # words whose stem is remembered; a city's language has fewer

# Words too frequent to tell anything. They are indexed, so that phrases hold; a question asks for them only
# within a phrase, or where it has no others.
_FREQUENT: Final = """
ada adalah agar akan antara atas atau bagi bahwa banyak beberapa bisa dalam dan dapat dari dengan di dia hal
hanya harus ia ini itu jadi jika juga kami kamu karena ke kepada kita lagi lain maka mana masih mereka namun
oleh pada para pun saat saja sangat saya sebagai sebelum sebuah secara sedang sehingga sejak selama semua
seperti serta setelah sudah suatu supaya tentang terhadap tetapi tiap untuk yaitu yang
a an and are as at be by for from in is it of on or that the this to was with
"""
STOP: Final = frozenset(_FREQUENT.split())


class Word(NamedTuple):
    """One word of a text and where it stands in it."""

    word: str  # folded: no case, no diacritics, no apostrophes
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Words of a text (NFC) in their order."""
    for match in _WORD.finditer(text):
        folded = fold(match.group())
        if folded:
            yield Word(folded, match.start(), match.end())


def normal(text: str) -> str:
    """Text as it is kept and as `words` wants it: composed, and free of what no database takes."""
    return unicodedata.normalize("NFC", text.replace("\x00", " ").encode("utf-8", "replace").decode())


def fold(word: str) -> str:
    """Word without case, diacritics and apostrophes, at most LONGEST characters; may be empty."""
    if word.isascii() and word.isalnum():
        return word[:LONGEST].lower()
    # Twice: letters of mathematics have a case only once they are plain.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(letter for letter in plain if letter.isalnum())[:LONGEST]


@lru_cache(maxsize=_KNOWN)
def stem(word: str) -> str:
    """Stem of a folded word: `pelayanan`, `melayani` → `layan`. What is no word of letters stays as it is."""
    if not word.isalpha() or not word.isascii():
        return word
    return str(_stemmer().stemWord(word)) or word


def split(text: str, limit: int) -> list[str]:
    """The first words of a text (NFC), as they are looked for."""
    found: list[str] = []
    room = HEAVIEST
    for word in islice(words(text), limit):
        room -= len(word.word.encode()) + 1
        if room < 0:
            break
        found.append(word.word)
    return found


def stems(found: list[str]) -> str:
    """Stems of words, one space between them: what the engines keep."""
    return " ".join(map(stem, found))


class _Own(threading.local):
    """A stemmer works on a state of its own, so each thread has one."""

    stemmer: Any = None


_own: Final = _Own()


def _stemmer() -> Any:
    if _own.stemmer is None:
        import snowballstemmer

        _own.stemmer = snowballstemmer.stemmer("indonesian")
    return _own.stemmer
