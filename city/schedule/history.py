"""The clocks' table, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.schedule.tables import clocks

HISTORY: Final = History(name="schedule", folder=Path(__file__).parent, tables=(clocks,))
