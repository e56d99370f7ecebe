"""What a caller may find, from what he may do."""

from __future__ import annotations

from collections.abc import Iterable

from city.identity.caller import Caller
from city.search.model import Kind, Sight


def sight(caller: Caller, kinds: Iterable[Kind]) -> Sight:
    """Kinds whose permission the caller holds, each in the units for which he holds it."""
    seen: dict[str, tuple[str, ...] | None] = {}
    for kind in kinds:
        if not kind.needs:
            continue
        units = caller.units(kind.needs)
        if units is None:
            seen[kind.name] = None
        elif units:
            seen[kind.name] = tuple(sorted(units))
    return Sight(kinds=seen)
