"""The table of idempotency keys, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.idempotency.tables import requests

HISTORY: Final = History(name="idempotency", folder=Path(__file__).parent, tables=(requests,))
