"""What TANGI has of a person who acted, and how long incidents are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from city.privacy import Hook, Policy
from city.privacy.subjects import Outcome
from city.search import Index
from programmes.tangi import findable
from programmes.tangi.tables import entries, incidents

ACTION: Final = "tangi.action"
CASE: Final = "tangi.incident"
_GROUND: Final = "UU 43/2009: who acted for the city stays named in its records"


def hook() -> Hook:
    """An officer's part in incidents: his to read, and kept as the record of an office."""
    return Hook(name="tangi", export=_export, erase=_erase)


def policy(index: Index, *, days: float) -> Policy:
    """Incidents go with their timeline, and what people wrote there, when they ended long ago."""

    def let_go(tx: Connection, incident: str) -> None:
        tx.execute(delete(incidents).where(incidents.c.id == incident))
        index.remove(tx, findable.INCIDENT, incident)

    return Policy(kind=CASE, days=days, basis="uu-43-2009", due=_due, let_go=let_go)


def _due(tx: Connection, before: int, limit: int) -> Sequence[str]:
    query = select(incidents.c.id).where(incidents.c.closed < before).order_by(incidents.c.closed)
    return tx.execute(query.limit(limit)).scalars().all()


def _export(tx: Connection, subject: str) -> Mapping[str, Sequence[Any]]:
    acted = (
        select(incidents.c.number, entries.c.time, entries.c.what, entries.c.text)
        .join(incidents, incidents.c.id == entries.c.incident)
        .where(entries.c.who == subject)
        .order_by(entries.c.id)
    )
    given = select(incidents.c.number).where(incidents.c.assignee == subject).order_by(incidents.c.opened)
    return {
        ACTION: [dict(row) for row in tx.execute(acted).mappings()],
        CASE: [dict(row) for row in tx.execute(given).mappings()],
    }


def _erase(tx: Connection, subject: str) -> Sequence[Outcome]:
    def count(query: Any) -> int:
        return int(tx.execute(query).scalar_one())

    acted = count(select(func.count()).select_from(entries).where(entries.c.who == subject))
    given = count(select(func.count()).select_from(incidents).where(incidents.c.assignee == subject))
    return (
        Outcome(kind=ACTION, kept=acted, why=_GROUND if acted else ""),
        Outcome(kind=CASE, kept=given, why=_GROUND if given else ""),
    )
