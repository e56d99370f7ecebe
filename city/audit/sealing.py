"""Seal what is not sealed yet, let go what is too old: one transaction each, so it may be killed anywhere."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from city.audit import seals as chain_of
from city.audit.reading import kept
from city.audit.seals import Seal, Sign
from city.audit.tables import entries, seals
from city.db import Database, Lease
from city.errors import LeaseLost

_SEALS_AT_ONCE = 500  # let go in one transaction, so that no writer waits long
_ROWS_AT_ONCE = 5_000


def seal(db: Database, lease: Lease, chain: str, *, now: int, most: int, sign: Sign | None = None) -> int:
    """Put the oldest entries without a seal under the chain's next one; how many. Raises LeaseLost.

    Which entries these are is asked of each row, never of the order of ids: one with a lower id that
    commits later has no seal yet, and comes under a later one.
    """
    new = select(entries).where(_unsealed(chain)).order_by(entries.c.id).limit(most)
    with db.read() as tx:
        rows = [kept(row) for row in tx.execute(new)]
    if not rows:
        return 0
    with db.begin() as tx:
        lease.guard(tx)
        number, previous = chain_of.head(tx, chain)
        made = Seal(
            chain=chain,
            number=number + 1,
            time=now,
            rows=len(rows),
            index=chain_of.index(rows),
            previous=previous,
        )
        chain_of.add(tx, made, sign)
        mine = entries.c.id.in_([row.id for row in rows]) & entries.c.seal.is_(None)
        done = tx.execute(update(entries).where(mine).values(seal=made.number)).rowcount
        if done != len(rows):  # another sealer was quicker between our look and our lease
            raise LeaseLost(lease.name, "another process")
    return len(rows)


def forget(db: Database, lease: Lease, chain: str, *, before: int, now: int, sign: Sign | None = None) -> int:
    """Let go seals with their entries that are all older than an instant (µs UTC); how many entries.

    A tombstone at the head of the chain tells it, written first: without one the database refuses.
    """
    gone = 0
    while count := _forget_some(db, lease, chain, before, now, sign):
        gone += count
    return gone


def _forget_some(db: Database, lease: Lease, chain: str, before: int, now: int, sign: Sign | None) -> int:
    with db.read() as tx:
        upto = _until(tx, chain, before)
    if not upto:
        return 0
    with db.begin() as tx:
        lease.guard(tx)
        number, previous = chain_of.head(tx, chain)
        of = (seals.c.chain == chain) & (seals.c.number <= upto)
        last = tx.execute(select(seals.c.hash).where(of & (seals.c.number == upto))).scalar_one()
        rows = tx.execute(select(func.sum(seals.c.rows)).where(of)).scalar() or 0
        grave = Seal(
            chain=chain,
            number=number + 1,
            time=now,
            rows=0,
            index=b"",
            upto=upto,
            upto_hash=last,
            gone=rows,
            previous=previous,
        )
        chain_of.add(tx, grave, sign)
        tx.execute(delete(entries).where((entries.c.chain == chain) & (entries.c.seal <= upto)))
        tx.execute(delete(seals).where(of))
    return rows


def _until(tx: Connection, chain: str, before: int) -> int:
    """Number of the last seal that may go now; the newest never does."""
    head, _ = chain_of.head(tx, chain)
    query = (
        select(seals.c.number, seals.c.time, seals.c.rows)
        .where(seals.c.chain == chain, seals.c.number < head)
        .order_by(seals.c.number)
        .limit(_SEALS_AT_ONCE)
    )
    upto = rows = 0
    for row in tx.execute(query):
        if row.time >= before or (rows and rows + row.rows > _ROWS_AT_ONCE):
            break
        upto, rows = row.number, rows + row.rows
    return (
        upto if rows else 0
    )  # tombstones alone go with the next entries: letting them go would make another


def waiting(tx: Connection, chain: str) -> int:
    """How many entries have no seal."""
    return tx.execute(select(func.count()).where(_unsealed(chain))).scalar_one()


def oldest(tx: Connection, chain: str) -> int | None:
    """Time (µs UTC) of the first entry without a seal."""
    query = select(entries.c.time).where(_unsealed(chain)).order_by(entries.c.id).limit(1)
    return tx.execute(query).scalar_one_or_none()


def _unsealed(chain: str) -> ColumnElement[bool]:
    return (entries.c.chain == chain) & entries.c.seal.is_(None)
