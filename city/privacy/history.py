"""The vault's tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.privacy.tables import blinds, fields, generations, keks, records, requests

HISTORY: Final = History(
    name="privacy",
    folder=Path(__file__).parent,
    tables=(keks, records, fields, blinds, generations, requests),
)
