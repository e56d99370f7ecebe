"""What is asked of an engine: groups of alternatives, made of stems and of nothing that a person typed."""

from __future__ import annotations

import msgspec


class Term(msgspec.Struct, frozen=True):
    """A stem, or what begins like it."""

    stem: str
    prefix: bool = False
    weight: float = 1.0  # below 1 where it is not quite what was asked for


class Phrase(msgspec.Struct, frozen=True):
    """Stems one after another."""

    stems: tuple[str, ...]
    weight: float = 1.0


Alternative = Term | Phrase


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked for: any of its alternatives will do."""

    said: str  # the word as it was typed, folded
    ways: tuple[Alternative, ...]
    corrected: tuple[tuple[str, str], ...] = ()  # (stem, word) of the alternatives that correct the spelling


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """Groups that must all be found, or, loose, any of them."""

    groups: tuple[Group, ...]
    loose: bool = False
    title: bool = False  # look in the title only
