"""A person's rights over what we keep of him: have it, or have it erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, select

from city.notifications.asking import KIND
from city.notifications.inbox import opened, receipts
from city.notifications.subscriptions import Subscriptions
from city.notifications.tables import notices, preferences, quiet_hours
from city.privacy import Hook, Outcome, Vault

NAME: Final = "notifications"
_CHOICES: Final = "notifications.choices"
_PUSH: Final = "notifications.push"


def hook(vault: Vault, subscriptions: Subscriptions) -> Hook:
    """For city.privacy."""

    def export(tx: Connection, person: str) -> Mapping[str, Sequence[Any]]:
        rows = tx.execute(select(notices).where(notices.c.person == person).order_by(notices.c.id)).all()
        values = opened(tx, rows, vault)
        told = [
            {
                "template": row.template,
                "asked": row.asked,
                "read": row.read,
                "values": dict(values[row.id]),
                "channels": [msgspec.to_builtins(one) for one in receipts(tx, row.id)],
            }
            for row in rows
        ]
        chosen = tx.execute(select(preferences).where(preferences.c.person == person)).mappings()
        quiet = tx.execute(select(quiet_hours).where(quiet_hours.c.person == person)).mappings()
        browsers = [{"endpoint": one.endpoint} for one in subscriptions.of(tx, person).values()]
        found = {KIND: told, _CHOICES: [dict(row) for row in (*chosen, *quiet)], _PUSH: browsers}
        return {kind: records for kind, records in found.items() if records}

    def erase(tx: Connection, person: str) -> Sequence[Outcome]:
        mine = notices.c.person == person
        for id_ in tx.execute(select(notices.c.id).where(mine, notices.c.private.is_(True))).scalars().all():
            vault.forget(tx, KIND, id_)
        told = tx.execute(delete(notices).where(mine)).rowcount
        chosen = tx.execute(delete(preferences).where(preferences.c.person == person)).rowcount
        chosen += tx.execute(delete(quiet_hours).where(quiet_hours.c.person == person)).rowcount
        return [
            Outcome(kind=KIND, erased=told),
            Outcome(kind=_CHOICES, erased=chosen),
            Outcome(kind=_PUSH, erased=subscriptions.forget(tx, person)),
        ]

    return Hook(name=NAME, export=export, erase=erase)
