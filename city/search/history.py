"""The search's tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.search.tables import documents, facets, grams, vocabulary

HISTORY: Final = History(
    name="search", folder=Path(__file__).parent, tables=(documents, facets, vocabulary, grams)
)
