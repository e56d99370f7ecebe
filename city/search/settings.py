"""Settings of the search."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the search looks."""

    window: int = 500  # of all that fits, how many are ranked and can be paged through
    words: int = 200_000  # that the vocabulary holds: beyond, new words are found but no longer corrected
    values: int = 20  # of a facet that are counted in an answer, most frequent first
