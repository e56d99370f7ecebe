"""The tables of rollouts, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from devices.rollouts.tables import items, rollouts

HISTORY: Final = History(name="rollouts", folder=Path(__file__).parent, tables=(rollouts, items))
