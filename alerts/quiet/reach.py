"""Which alerts a change may be about, as the database is asked."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, select, true

from alerts import records
from alerts.quiet import inhibition
from alerts.quiet import records as silences
from alerts.quiet.inhibition import Inhibition
from alerts.quiet.matchers import OWN, Matcher, Op
from alerts.tables import alerts, open_
from contracts.alerts import Alert, State

_MOST_CAUSES: Final = 1_000
_FIRING: Final = open_ & (alerts.c.state == State.FIRING)


def firing(tx: Connection, scope: str, of: str, rules: tuple[Inhibition, ...]) -> ColumnElement[bool]:
    """Alerts that fire and that a change of something may be about. Raises Unknown, NoSilence.

    More than those cost time; fewer would be wrong.
    """
    if scope == "alert":
        return _FIRING & (alerts.c.id == of)
    if scope == "acknowledge":
        return _FIRING & (alerts.c.group == of) & alerts.c.acknowledged.is_(None)
    if scope == "silence":
        found = silences.get(tx, of)
        return _FIRING & (_held(alerts.c.silence, of) if found.ended else exactly(found.matchers))
    cause = records.get(tx, of)
    if cause.state is not State.FIRING:
        return _FIRING & _held(alerts.c.inhibited_by, of)
    here = all("site" in one.equal for one in rules if one.causes(cause))
    return _FIRING & (alerts.c.site == cause.site if here else true())


def exactly(matchers: tuple[Matcher, ...]) -> ColumnElement[bool]:
    """What of the matchers the database can compare; the rest is compared by us."""
    found: ColumnElement[bool] = true()
    for one in matchers:
        if one.name in OWN and one.op is Op.EQUAL:
            found &= alerts.c[one.name] == one.value
    return found


def causes(tx: Connection, rules: tuple[Inhibition, ...]) -> list[Alert]:
    """Alerts that fire and tell the cause of others."""
    if not rules:
        return []
    query = select(alerts).where(_FIRING)
    names = inhibition.named(rules)
    if names is not None:
        query = query.where(alerts.c.rule.in_(names))
    found = records.rows(tx, query.order_by(alerts.c.id).limit(_MOST_CAUSES))
    return [one for one in found if any(rule.causes(one) for rule in rules)]


def _held(column: ColumnElement[str], of: str) -> ColumnElement[bool]:
    return alerts.c.quiet.is_not(None) & (column == of)
