"""What is kept of people who had devices do or be something, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, func, select

from city.privacy import Hook, Policy
from city.privacy.subjects import Outcome
from devices.commands.model import OPEN
from devices.commands.tables import commands
from devices.rollouts.model import ACTIVE
from devices.rollouts.tables import rollouts
from devices.shadow.tables import versions

COMMAND: Final = "devices.command"
SHADOW: Final = "devices.shadow"
ROLLOUT: Final = "devices.rollout"
DAYS: Final = 1_825  # after it has ended
_BASIS: Final = "uu-43-2009"
_GROUND: Final = "UU 43/2009: who acted for the city stays named in its records"
_OF: Final[Mapping[str, tuple[Table, tuple[str, ...]]]] = {
    COMMAND: (commands, ("id", "device", "type", "why", "issued")),
    SHADOW: (versions, ("device", "version", "values", "why", "time")),
    ROLLOUT: (rollouts, ("id", "title", "patch", "why", "created")),
}


def hook() -> Hook:
    """A person's acts: his to read, and kept as the record of an office."""
    return Hook(name="control", export=_export, erase=_erase)


def policies() -> tuple[Policy, ...]:
    """Commands go with their histories, rollouts with their devices; versions stay."""
    return (
        Policy(kind=COMMAND, days=DAYS, basis=_BASIS, due=_commands, let_go=_let_go(commands)),
        Policy(kind=ROLLOUT, days=DAYS, basis=_BASIS, due=_rollouts, let_go=_let_go(rollouts)),
    )


def _export(tx: Connection, subject: str) -> Mapping[str, Sequence[Any]]:
    found: dict[str, Sequence[Any]] = {}
    for kind, (table, names) in _OF.items():
        query = select(*(table.c[name] for name in names)).where(table.c.by == subject)
        rows = tx.execute(query).mappings()
        found[kind] = [{name: row[name] for name in names} for row in rows]
    return found


def _erase(tx: Connection, subject: str) -> Sequence[Outcome]:
    outcomes = []
    for kind, (table, _) in _OF.items():
        count = int(
            tx.execute(select(func.count()).select_from(table).where(table.c.by == subject)).scalar_one()
        )
        outcomes.append(Outcome(kind=kind, kept=count, why=_GROUND if count else ""))
    return outcomes


def _commands(tx: Connection, before: int, limit: int) -> Sequence[str]:
    over = commands.c.state.not_in(OPEN) & (commands.c.since < before)
    query = select(commands.c.id).where(over).order_by(commands.c.since).limit(limit)
    return tx.execute(query).scalars().all()


def _rollouts(tx: Connection, before: int, limit: int) -> Sequence[str]:
    over = rollouts.c.state.not_in(ACTIVE) & (rollouts.c.changed < before)
    query = select(rollouts.c.id).where(over).order_by(rollouts.c.changed).limit(limit)
    return tx.execute(query).scalars().all()


def _let_go(table: Table) -> Any:
    def let_go(tx: Connection, key: str) -> None:
        tx.execute(delete(table).where(table.c.id == key))

    return let_go
