"""Who may have devices do what: a permission for each type of command."""

from __future__ import annotations

from typing import Final

from contracts.commands import HARMFUL, Type
from devices.roles import READ, ROLES

_SEEN: Final = {Type.RUN_DIAGNOSTICS, Type.SNAPSHOT, Type.SET_VOLUME, Type.SHOW_OVERRIDE}


def permission(type_: Type) -> str:
    """Permission to issue commands of a type: `devices.command.set_volume`."""
    return f"devices.command.{type_.value.replace('-', '_')}"


ISSUE: Final = "devices.command.issue"  # any at all; each type needs its own besides
ALL: Final = tuple(permission(type_) for type_ in Type)
HARMLESS: Final = tuple(permission(type_) for type_ in Type if type_ in _SEEN and type_ not in HARMFUL)
_BY: Final = {role.name: role for role in ROLES}
COMMANDERS: Final = (
    _BY["operator"].plus(READ, ISSUE, *HARMLESS),
    _BY["engineer"].plus(READ, ISSUE, *ALL),
    _BY["admin"].plus(READ, ISSUE, *ALL),
)
