"""The tables of this package, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.db.lease import leases
from city.outbox.tables import cursors, failures, outbox

HISTORY: Final = History(
    name="city", folder=Path(__file__).parent, tables=(outbox, cursors, failures, leases)
)
