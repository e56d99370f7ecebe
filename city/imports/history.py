"""The tables of imports, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.imports.tables import layouts, rows, runs

HISTORY: Final = History(name="imports", folder=Path(__file__).parent, tables=(runs, layouts, rows))
