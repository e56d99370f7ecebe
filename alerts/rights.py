"""What roles may with alerts."""

from __future__ import annotations

from typing import Final

from city.identity.roles import OPERATOR
from web.roles import VIEWER

READ: Final = "alerts.alerts.read"
WORK: Final = "alerts.alerts.work"
ROLES: Final = (VIEWER.plus(READ), OPERATOR.plus(READ, WORK))
