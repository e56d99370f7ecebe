"""Who may say what devices should be like."""

from __future__ import annotations

from typing import Final

from devices.roles import READ, ROLES

WRITE: Final = "devices.shadow.write"
_BY: Final = {role.name: role for role in ROLES}
WRITERS: Final = (
    _BY["operator"].plus(READ),
    _BY["engineer"].plus(READ, WRITE),
    _BY["admin"].plus(READ, WRITE),
)
