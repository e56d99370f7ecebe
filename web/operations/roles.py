"""What operators may with clocks, besides dead letters."""

from __future__ import annotations

from typing import Final

from city.identity.roles import OPERATOR

READ: Final = "schedule.clocks.read"
REPLAY: Final = "schedule.clocks.replay"
ROLES: Final = (OPERATOR.plus(READ, REPLAY),)
