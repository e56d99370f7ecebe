"""The register's table, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.documents.tables import documents

HISTORY: Final = History(name="documents", folder=Path(__file__).parent, tables=(documents,))
