"""A roster's entries taken into the registry: they stand already, so they count as enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from city.db import Database
from city.identity.caller import Caller
from city.imports import Mode, Problem, Report
from city.imports.problems import cut
from contracts.errors import Refused
from contracts.judgements import Text
from contracts.roster import Entry
from devices.errors import Failure
from devices.registry import records
from devices.registry.model import Plan, State
from devices.registry.service import Registry

_FIELDS: Final = Entry.__struct_fields__


class _Undo(Exception):
    """Raised to take back what was tried."""


def seed(db: Database, registry: Registry, by: Caller, entries: Sequence[Entry], mode: Mode) -> Report:
    """What became of each. Those that are known get what the roster says, and keep all else. Blocks."""
    counts = {"new": 0, "changed": 0, "same": 0}
    problems: list[Problem] = []
    committed = True
    try:
        with db.begin() as tx:
            for number, entry in enumerate(entries, start=1):
                try:
                    with tx.begin_nested():
                        counts[_take(tx, registry, by, entry)] += 1
                except (Refused, Failure) as error:
                    said = Text(id=str(error), en=str(error))
                    problems.append(Problem(row=number, column="device", value=cut(entry.device), said=said))
            if mode is Mode.DRY or (mode is Mode.ALL and problems):
                raise _Undo
    except _Undo:
        committed = False
    return Report(
        run="",
        layout="devices.roster",
        committed=committed,
        rows=len(entries),
        refused=len(problems),
        problems=tuple(problems),
        new=counts["new"],
        changed=counts["changed"],
        same=counts["same"],
    )


def _take(tx: Any, registry: Registry, by: Caller, entry: Entry) -> str:
    said = {name: getattr(entry, name) for name in _FIELDS}
    old = records.find(tx, entry.device)
    if old is None:
        registry.add(tx, by, Plan(**said), state=State.ENROLLED)
        return "new"
    kept: dict[str, Any] = {name: getattr(old, name) for name in Plan.__struct_fields__}
    new = registry.change(tx, by, Plan(**(kept | said)))
    return "same" if new.revision == old.revision else "changed"
