"""Who may what in the console."""

from __future__ import annotations

from typing import Final

from city.identity.roles import OPERATOR
from web.roles import VIEWER

LIVE: Final = "console.live.read"
DEVICES: Final = "console.devices.read"
SERIES: Final = "console.series.read"
LEDGER: Final = "console.ledger.read"
LETTERS: Final = "console.letters.read"  # they hold what devices sent, as they sent it
REPLAY: Final = "console.letters.replay"
_SEEN: Final = (LIVE, DEVICES, SERIES, LEDGER)

ROLES: Final = (VIEWER.plus(*_SEEN), OPERATOR.plus(*_SEEN, LETTERS, REPLAY))
