"""Who may look into a case: its team, and for a while who forced it open."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from city.identity.caller import Caller, Kind
from city.protected.errors import Hidden
from city.protected.model import Access, Case, Duty
from city.protected.tables import cases, members, openings


def access(tx: Connection, programme: str, case: str, by: Caller, now: int, *, lock: bool = False) -> Access:
    """Whether and how this caller may look; `lock`: the case is ours until the end. Raises Hidden."""
    query = select(cases).where(cases.c.id == case, cases.c.programme == programme)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    duty = _duty(tx, case, by)
    until = None if duty else _forced(tx, case, by, now)
    if row is None or (duty is None and until is None):
        raise Hidden
    return Access(case=found(row), duty=duty, until=until)


def found(row: Row[Any]) -> Case:
    """Row → case."""
    return Case(**row._asdict())


def _duty(tx: Connection, case: str, by: Caller) -> Duty | None:
    if by.kind != Kind.PERSON:
        return None  # an app or the system is in no team
    query = select(members.c.duty).where(members.c.case == case, members.c.person == by.id)
    duty = tx.execute(query).scalar_one_or_none()
    return None if duty is None else Duty(duty)


def _forced(tx: Connection, case: str, by: Caller, now: int) -> int | None:
    query = select(openings.c.until).where(
        openings.c.case == case, openings.c.person == by.id, openings.c.until > now
    )
    return tx.execute(query.order_by(openings.c.until.desc()).limit(1)).scalar_one_or_none()
