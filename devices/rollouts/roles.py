"""Who may change many devices at once."""

from __future__ import annotations

from typing import Final

from devices.roles import ROLES

MANAGE: Final = "devices.rollouts.manage"
_BY: Final = {role.name: role for role in ROLES}
MANAGERS: Final = (_BY["engineer"].plus(MANAGE), _BY["admin"].plus(MANAGE))
