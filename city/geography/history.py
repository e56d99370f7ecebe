"""The geography's tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.geography.tables import marks, sites

HISTORY: Final = History(name="geography", folder=Path(__file__).parent, tables=(sites, marks))
