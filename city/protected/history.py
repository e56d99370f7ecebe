"""The tables of need-to-know cases, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.protected.tables import cases, consents, members, openings

HISTORY: Final = History(
    name="protected", folder=Path(__file__).parent, tables=(cases, members, openings, consents)
)
