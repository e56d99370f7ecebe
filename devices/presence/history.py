"""The tables of presence, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from devices.presence.tables import changes, presence, sites

HISTORY: Final = History(name="presence", folder=Path(__file__).parent, tables=(presence, changes, sites))
