"""What pages show of a device's desired state and its commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts.commands import Type
from contracts.roster import Entry
from contracts.settables import KEYS
from devices import reasons
from devices.commands import Desk, Filters
from devices.commands.roles import permission
from devices.shadow import Shadows
from devices.shadow.roles import WRITE
from web import access

_MOST: Final = 10  # commands


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One key, as a person reads it."""

    key: str
    title: Mapping[str, str]  # in both languages
    unit: str
    desired: str  # as JSON; empty: not desired
    reported: str
    since: int | None  # µs UTC since when it differs
    reason: str
    why: str


def shadow(shadows: Shadows, caller: access.Who, entry: Entry, unit: str) -> dict[str, Any]:
    """Content of the section on the desired state. Blocks. Raises Unknown, Forbidden."""
    found = shadows.get(caller, entry.device)
    held = found.reported.values if found.reported else {}
    differs = {one.key: one for one in found.differences}
    known = KEYS.get(entry.kind, {})
    lines = [
        Line(
            key=key,
            title=msgspec.structs.asdict(known[key].title) if key in known else {"id": key, "en": key},
            unit=known[key].unit if key in known else "",
            desired=_json(found.values.get(key)),
            reported=_json(held.get(key)),
            since=differs[key].since if key in differs else None,
            reason=differs[key].reason if key in differs else "",
            why=differs[key].why if key in differs else "",
        )
        for key in sorted({*found.values, *held})
    ]
    return {
        "shadow": found,
        "lines": lines,
        "keys": list(known.values()),
        "told": reasons.told,
        "writes": caller.may(WRITE, unit=unit),
    }


def commands(desk: Desk, caller: access.Who, entry: Entry, unit: str) -> dict[str, Any]:
    """Content of the section on commands. Blocks."""
    types = [type_ for type_ in Type if caller.may(permission(type_), unit=unit)]
    found = desk.page(caller, Filters(device=entry.device), limit=_MOST)
    return {"commands": found, "types": types, "told": reasons.told}


def _json(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
