"""The tables of webhooks, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.webhooks.tables import places, webhooks

HISTORY: Final = History(name="webhooks", folder=Path(__file__).parent, tables=(webhooks, places))
