"""Give events their positions, in the order in which they became visible, and let old ones go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, update

from city.db import Database, Lease, notify
from city.outbox.events import NUMBERED
from city.outbox.tables import cursors, outbox

_AT_ONCE = 1_000  # rows numbered or deleted in one transaction, so that no writer waits long


def number(db: Database, lease: Lease) -> int:
    """Number the events that have no position; how many. Raises LeaseLost.

    A row with a lower id that commits later gets a later position: it is never skipped.
    """
    new = select(outbox.c.id).where(outbox.c.position.is_(None)).order_by(outbox.c.id).limit(_AT_ONCE)
    with db.read() as tx:
        if tx.execute(new.limit(1)).first() is None:
            return 0
    with db.begin() as tx:
        lease.guard(tx)
        ids = tx.execute(new).scalars().all()
        if not ids:
            return 0
        last = tx.execute(select(func.max(outbox.c.position))).scalar() or 0
        tx.execute(
            update(outbox).where(outbox.c.id == bindparam("row")).values(position=bindparam("next")),
            [{"row": row, "next": place} for place, row in enumerate(ids, start=last + 1)],
        )
        notify(tx, NUMBERED)
        return len(ids)


def forget(db: Database, consumers: Sequence[str], *, before: int, probes_before: int) -> int:
    """Delete events that all these consumers are done with and that are older (µs UTC); how many.

    The newest stays, so that positions are never given twice.
    """
    gone = 0
    with db.read() as tx:
        head = tx.execute(select(func.max(outbox.c.position))).scalar() or 0
        done = tx.execute(
            select(func.min(cursors.c.position)).where(cursors.c.consumer.in_(consumers))
        ).scalar()
    until = min(head - 1, head if done is None else done)
    old = (outbox.c.created < before) | (outbox.c.probe.is_(True) & (outbox.c.created < probes_before))
    batch = select(outbox.c.id).where(old & (outbox.c.position <= until)).limit(_AT_ONCE)
    while True:
        with db.begin() as tx:
            count = tx.execute(delete(outbox).where(outbox.c.id.in_(batch))).rowcount
        gone += count
        if count < _AT_ONCE:
            return gone
