"""The tables of commands, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from devices.commands.tables import bulks, commands, lines, strays

HISTORY: Final = History(
    name="commands", folder=Path(__file__).parent, tables=(commands, lines, bulks, strays)
)
