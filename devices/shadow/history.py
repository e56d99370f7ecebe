"""The tables of shadows, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from devices.shadow.tables import shadows, versions

HISTORY: Final = History(name="shadow", folder=Path(__file__).parent, tables=(shadows, versions))
