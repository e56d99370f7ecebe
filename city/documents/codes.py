"""The short code of a document: unguessable, easy to read out, wrong where a letter is wrong."""

from __future__ import annotations

import secrets
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_ALIKE: Final = str.maketrans("ILO", "110", " -.\u2010\u2011\u2012\u2013")
_RANDOM: Final = 11  # symbols, 55 bits
LENGTH: Final = _RANDOM + 1


def new() -> str:
    """A new code."""
    body = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM))
    return body + _check(body)


def parse(text: str) -> str | None:
    """Code as a person wrote it → code; None where it is none, as a whole or by its last letter."""
    code = text.strip().upper().translate(_ALIKE)
    if len(code) != LENGTH or any(letter not in _LETTERS for letter in code):
        return None
    return code if _check(code[:-1]) == code[-1] else None


def shown(code: str) -> str:
    """Code → `7K3M-9QXT-2PAB`."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _check(body: str) -> str:
    """Luhn's way with 32 symbols: finds each single wrong letter, and nearly each swap of neighbours."""
    total = 0
    for place, letter in enumerate(reversed(body)):
        value = _LETTERS.index(letter) * (2 - place % 2)
        total += value // 32 + value % 32
    return _LETTERS[-total % 32]
