"""Whole seals go after their time; a tombstone in the chain says so, and nothing else lets anything go."""

import pytest
from sqlalchemy import func, select

from city.audit import CITY, PROTECTED, Sealer, Settings, sealing
from city.audit.sealer import LEASE
from city.audit.tables import entries, seals
from city.db import Database, Lease
from runtime.clock import Fake
from tests.city.audit.books import note, report, sign


def old(db: Database, clock: Fake, sealer: Sealer) -> None:
    for day in range(5):
        note(db, clock, 5, first=10 * day)
        note(db, clock, 1, chain=PROTECTED, first=10 * day)
        sealer.turn()
        clock.advance(5 * 86_400)


def test_it_verifies_before_and_after(db: Database, clock: Fake, sealer: Sealer, settings: Settings) -> None:
    old(db, clock, sealer)
    sealer.turn()
    found = report(db, settings.witness)
    assert (found.ok, found.notices) == (True, ())
    with db.read() as tx:
        oldest = tx.execute(select(func.min(entries.c.time)).where(entries.c.chain == CITY)).scalar_one()
        kept = tx.execute(select(func.count()).where(entries.c.chain == PROTECTED)).scalar_one()
    assert clock.now() - oldest <= 10 * 86_400 * 1_000_000
    assert kept == 4, "these are kept longer"
    assert report(db, settings.witness, PROTECTED).ok


def test_all_entries_may_go(db: Database, clock: Fake, sealer: Sealer, settings: Settings) -> None:
    old(db, clock, sealer)
    for _ in range(3):
        clock.advance(100 * 86_400)
        sealer.turn()
    found = report(db, settings.witness)
    assert (found.ok, found.entries, found.last - found.first) == (True, 0, 1), "only tombstones"
    note(db, clock, 1)
    sealer.turn()
    assert report(db, settings.witness).ok


def test_bounded_in_each_transaction(
    db: Database, clock: Fake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_SEALS_AT_ONCE", 3)
    monkeypatch.setattr(sealing, "_ROWS_AT_ONCE", 6)
    note(db, clock, 30)
    sealer = Sealer(db, clock, settings=settings)
    sealer.turn()
    clock.advance(11 * 86_400)
    Sealer(db, clock, settings=settings).turn()
    with db.read() as tx:
        graves = tx.execute(select(seals.c.gone).where(seals.c.upto > 0)).scalars().all()
        left = tx.execute(select(func.count()).select_from(entries)).scalar_one()
    assert max(graves) <= 8
    assert left == 0
    assert report(db, settings.witness).ok


def test_without_a_tombstone_the_database_refuses(db: Database, clock: Fake, sealer: Sealer) -> None:
    note(db, clock, 5)
    sealer.turn()
    with pytest.raises(Exception, match=r"let go|append-only"), db.begin() as tx:
        tx.execute(entries.delete().where(entries.c.seal == 1))


def test_a_forged_tombstone_is_found(db: Database, clock: Fake, settings: Settings) -> None:
    """Someone with the database alone can chain a tombstone, and cannot sign it."""
    note(db, clock, 9)
    sealer = Sealer(db, clock, settings=settings, sign=sign)
    sealer.turn()
    assert report(db, settings.witness, signed=True).ok
    thief = Lease(db, LEASE, clock)
    assert thief.take()
    assert sealing.forget(db, thief, CITY, before=clock.now() + 1, now=clock.now()) == 9
    sealer._followed.clear()
    sealer.turn()
    faults = report(db, settings.witness, signed=True).faults
    assert [(fault.how, fault.seal) for fault in faults] == [("forged", 4), ("forged", 5)]
