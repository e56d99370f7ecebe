"""The register's tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.disclosure.tables import registered, releases

HISTORY: Final = History(name="disclosure", folder=Path(__file__).parent, tables=(registered, releases))
