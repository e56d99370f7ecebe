"""TANGI's tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from programmes.tangi.tables import entries, incidents, numbers, probes

HISTORY: Final = History(
    name="tangi", folder=Path(__file__).parent, tables=(incidents, entries, numbers, probes)
)
