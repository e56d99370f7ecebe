"""The audit trail's tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.audit.tables import entries, seals
from city.db import History

HISTORY: Final = History(name="audit", folder=Path(__file__).parent, tables=(entries, seals))
