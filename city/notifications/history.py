"""The notices' tables, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.notifications.tables import deliveries, notices, preferences, pushes, quiet_hours

HISTORY: Final = History(
    name="notifications",
    folder=Path(__file__).parent,
    tables=(notices, deliveries, preferences, quiet_hours, pushes),
)
