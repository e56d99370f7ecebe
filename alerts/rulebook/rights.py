"""What roles may with rules."""

from __future__ import annotations

from typing import Final

from city.identity.roles import OPERATOR
from web.roles import VIEWER

READ: Final = "alerts.rules.read"
MANAGE: Final = "alerts.rules.manage"
ROLES: Final = (VIEWER.plus(READ), OPERATOR.plus(READ, MANAGE))
