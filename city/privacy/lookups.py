"""Rotate the key of look-ups while everything runs: meanwhile values are found by the old and the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, select, tuple_, update

from city.db import Database, Lease
from city.errors import LeaseLost, Unavailable
from city.privacy import generations
from city.privacy.errors import Damaged, InUse, KeyMissing
from city.privacy.keys import Keys
from city.privacy.rotation import LEASE, State
from city.privacy.tables import blinds, records
from city.privacy.vault import Vault
from contracts.errors import Refused
from runtime.clock import Clock

_HELD: Final = 30.0  # seconds; longer than one batch takes
_TRIES: Final = 5  # to find a moment in which nobody looks anything up
Told = Callable[[int], object]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction did."""

    done: int  # values that are found by the newest generation now
    last: Any = None  # where to go on; None at the end
    failed: tuple[str, ...] = ()  # records whose values cannot be computed anew


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A table with values that are looked up by a keyed hash."""

    name: str
    move: Callable[[Connection, Vault, str, Any, int], Moved]  # newest generation, after, at most
    counts: Callable[[Connection], Mapping[str, int]]  # generation → values


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation did."""

    generation: str  # the newest
    resumed: bool  # it went on with one that was cut off
    moved: int
    left: int  # values that are still found by an older one: call it again
    failed: tuple[str, ...]


def rotate(
    db: Database,
    vault: Vault,
    sources: Sequence[Source],
    clock: Clock,
    *,
    batch: int = 200,
    told: Told | None = None,
) -> Done:
    """Bring every look-up value under a new generation, or end a rotation that was cut off.

    It may be killed anywhere and called again. Raises LeaseLost, KeyMissing, Unavailable.
    """
    lease = Lease(db, LEASE, clock, seconds=_HELD)
    if not lease.take():
        raise LeaseLost(LEASE, "another rotation")
    try:
        moved, failed = _all(db, vault, sources, lease, batch, told)
        resumed = _finish(db, sources, lease) or bool(moved)
        if not resumed:
            _begin(db, vault.keys, lease, clock)
            moved, failed = _all(db, vault, sources, lease, batch, told)
            _finish(db, sources, lease)
        with db.read() as tx:
            newest = generations.named(tx)[0]
            left = sum(count for of, count in _counts(tx, sources).items() if of != newest)
        return Done(generation=newest, resumed=resumed, moved=moved, left=left, failed=tuple(failed))
    finally:
        lease.give_back()


def prepare(db: Database, keys: Keys) -> str:
    """Make the next generation without using it; its id."""
    return _waiting(db, keys) or keys.generate()


def status(db: Database, keys: Keys, sources: Sequence[Source]) -> list[State]:
    """All generations that the database or the holder knows, oldest first. Raises BadKeys."""
    with db.read() as tx:
        named, since, counts = generations.named(tx), generations.since(tx), _counts(tx, sources)
    known = {generations.FIRST: 0, **keys.generations()}
    waiting = set(_unused(named, keys))
    return [
        State(
            id=one,
            made=known.get(one),
            since=None if one in waiting else since.get(one, known.get(one)),
            current=one == named[0],
            records=counts.get(one, 0),
        )
        for one in {**known, **dict.fromkeys(reversed(named))}
    ]


def retire(db: Database, keys: Keys, generation: str) -> None:
    """Destroy an old generation by which nothing is found any more. Raises InUse."""
    with db.read() as tx:
        if generation in generations.named(tx):
            raise InUse(generation, f"values are looked up by {generation}")
    keys.drop(generation)


def _begin(db: Database, keys: Keys, lease: Lease, clock: Clock) -> None:
    generation = prepare(db, keys)
    if generation not in keys.generations():
        raise KeyMissing(generation, keys.where)

    def promote(tx: Connection) -> None:
        generations.promote(tx, generation, clock.now())

    _alone(db, lease, promote)


def _finish(db: Database, sources: Sequence[Source], lease: Lease) -> bool:
    """Take older generations out of use by which nothing is found any more; whether there was one."""
    with db.read() as tx:
        counts = _counts(tx, sources)
        empty = [one for one in generations.named(tx)[1:] if not counts.get(one)]
    ended: list[str] = []

    def end(tx: Connection) -> None:
        counts = _counts(tx, sources)  # again: nobody writes by it now
        for one in empty:
            if not counts.get(one):
                generations.end(tx, one)
                ended.append(one)

    if empty:
        _alone(db, lease, end)
    return bool(ended)


def _alone(db: Database, lease: Lease, act: Callable[[Connection], None]) -> None:
    """Act while nobody looks anything up; those who want to wait two seconds at most."""
    for tries in range(_TRIES):
        if not lease.take():
            raise LeaseLost(LEASE, "another rotation")
        try:
            with db.begin() as tx:
                generations.alone(tx)
                lease.guard(tx)
                act(tx)
        except Unavailable:
            if tries + 1 == _TRIES:
                raise
        else:
            return


def _all(
    db: Database, vault: Vault, sources: Sequence[Source], lease: Lease, batch: int, told: Told | None
) -> tuple[int, list[str]]:
    """Pass over all values until a pass finds none that it can bring under the newest generation."""
    total = 0
    while True:
        count, failed = 0, list[str]()
        for source in sources:
            after: Any = None
            while True:
                if not lease.take():
                    raise LeaseLost(LEASE, "another rotation")
                with db.begin() as tx:
                    lease.guard(tx)
                    moved = source.move(tx, vault, generations.used(tx)[0], after, batch)
                count += moved.done
                failed += moved.failed
                after = moved.last
                if told is not None:
                    told(total + count)
                if after is None:
                    break
        total += count
        if not count:
            return total, failed


def _counts(tx: Connection, sources: Sequence[Source]) -> dict[str, int]:
    found: dict[str, int] = {}
    for source in sources:
        for generation, count in source.counts(tx).items():
            found[generation] = found.get(generation, 0) + count
    return found


def _waiting(db: Database, keys: Keys) -> str:
    with db.read() as tx:
        return next(iter(_unused(generations.named(tx), keys)), "")


def _unused(named: Sequence[str], keys: Keys) -> list[str]:
    """Generations that were made for the next rotations: after all that were ever used."""
    known = [generations.FIRST, *keys.generations()]
    return known[known.index(named[0]) + 1 :] if named[0] in known else []


def _move(tx: Connection, vault: Vault, newest: str, after: Any, limit: int) -> Moved:
    """Values of the vault's own index, which must be among the fields of their records."""
    query = select(blinds.c.kind, blinds.c.record).where(blinds.c.generation != newest).distinct()
    if after is not None:
        query = query.where(tuple_(blinds.c.kind, blinds.c.record) > tuple_(*after))
    found = [tuple(row) for row in tx.execute(query.order_by(blinds.c.kind, blinds.c.record).limit(limit))]
    if not found:
        return Moved(done=0)
    # Whoever writes a record holds it first: what is held is left to the next pass.
    mine = select(records.c.kind, records.c.record).where(tuple_(records.c.kind, records.c.record).in_(found))
    done, failed = 0, []
    for kind, record in tx.execute(mine.with_for_update(skip_locked=True)).all():
        try:
            values = vault.open_many(tx, kind, [record]).get(record, {})
            moved, lost = _record(tx, vault, newest, kind, record, set(_texts(values)))
        except (Damaged, KeyMissing):
            moved, lost = 0, 1
        done += moved
        if lost:
            failed.append(f"{kind} {record}")
    return Moved(done=done, last=found[-1], failed=tuple(failed))


def _record(
    tx: Connection, vault: Vault, newest: str, kind: str, record: str, values: set[str]
) -> tuple[int, int]:
    """One record's values: how many were moved, and how many are not among its fields."""
    of = (blinds.c.kind == kind) & (blinds.c.record == record) & (blinds.c.generation != newest)
    moved = lost = 0
    for row in tx.execute(select(blinds).where(of)).all():
        value = next((one for one in values if _is(vault, row, one)), None)
        if value is None:
            lost += 1
            continue
        digest = vault.blind(row.name, value, kind=kind, generation=newest)
        claim = digest if row.claim is not None else None
        this = of & (blinds.c.name == row.name) & (blinds.c.digest == row.digest)
        tx.execute(update(blinds).where(this).values(digest=digest, claim=claim, generation=newest))
        moved += 1
    return moved, lost


def _is(vault: Vault, row: Row[Any], value: str) -> bool:
    try:
        digest = vault.blind(row.name, value, kind=row.kind, generation=row.generation)
    except Refused:  # it is of another form: no phone, no NIK
        return False
    return bool(digest == row.digest)


def _texts(value: Any) -> Iterator[str]:
    """All texts in a record's fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _count(tx: Connection) -> Mapping[str, int]:
    query = select(blinds.c.generation, func.count().label("values")).group_by(blinds.c.generation)
    return {row[0]: row[1] for row in tx.execute(query)}


OURS: Final = Source(name="vault", move=_move, counts=_count)
