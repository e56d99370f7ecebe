"""Find out whether a chain is as it was sealed: names each place that is not, and how."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Final, Literal, Self

import msgspec
from sqlalchemy import Connection, exists, func, select

from city.audit import seals as chain_of
from city.audit.entries import CHAINS, Kept, digest
from city.audit.reading import kept
from city.audit.sealing import waiting
from city.audit.seals import Seal, Sign
from city.audit.tables import entries, seals
from city.audit.witness import Witness
from city.db import Database
from contracts.instants import HOUR
from runtime.logs import clean

How = Literal["edited", "removed", "inserted", "reordered", "cut", "forged", "damaged"]
_AT_ONCE: Final = 200  # seals read at once
_MOST: Final = 100  # faults told; the count goes on


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One place at which the chain is not as it was sealed."""

    chain: str
    seal: int | None  # number; None where it is of no seal
    entry: int | None  # id; None where it is the seal itself
    how: How
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what was found."""

    chain: str
    first: int  # number of the first seal that is kept, 0 where there is none
    last: int
    entries: int  # under seals
    waiting: int  # entries without a seal yet: the next one takes them
    witnessed: int  # seals whose hash stands outside the database
    count: int  # of faults
    faults: tuple[Fault, ...] = ()  # the first of them, in order of the chain
    notices: tuple[str, ...] = ()  # no faults, but worth knowing

    @property
    def ok(self) -> bool:
        """Whether no tampering was found."""
        return not self.count


class _Findings:
    """Collects what is told of one chain."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self.count = 0
        self.faults: list[Fault] = []
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        if len(self.notices) < _MOST:
            self.notices.append(text)

    def add(self, how: How, reason: str, *, seal: int | None = None, entry: int | None = None) -> None:
        self.count += 1
        if len(self.faults) < _MOST:
            fault = Fault(chain=self.chain, seal=seal, entry=entry, how=how, reason=reason)
            self.faults.append(fault)


class _Marks:
    """What the file outside the database holds: the hash of each seal that counts."""

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self.missing: list[int] = []  # seals of the database that it does not know
        self.seen = 0

    @classmethod
    def of(cls, witness: Witness, found: _Findings) -> Self:
        """Read it. Seals that a declared restore took back do not count. Raises Unwritable."""
        marks = cls()
        known = marks.known
        for line in witness.lines():
            if isinstance(line, str):
                found.add("damaged", f"the file outside holds what is no line: {clean(line, 60)}")
            elif line.restored:
                lost = [number for number in known if number > line.seal]
                found.notice(
                    f"a backup was put back and {len(lost)} seals after {line.seal} lost: {line.restored}"
                )
                for number in lost:
                    del known[number]
                known[line.seal] = line.hash
            elif known.setdefault(line.seal, line.hash) != line.hash:
                found.add("edited", "the file outside knows two hashes of it", seal=line.seal)
        return marks

    def compare(self, seal: Seal, found: _Findings) -> None:
        """Whether a seal of the database is the one that was witnessed."""
        mark = self.known.get(seal.number)
        if mark is None:
            self.missing.append(seal.number)
            return
        self.seen += 1
        if mark != seal.hash.hex():
            found.add("edited", "the file outside has another hash of it", seal=seal.number)

    def end(self, first: int, last: int, found: _Findings) -> None:
        """What only one of the two has. The newest seal of a killed sealer is written by the next one."""
        begin, end = min(self.known, default=0), max(self.known, default=0)
        if end > last:
            found.add("cut", f"seals {last + 1} to {end} were witnessed and are gone", seal=last + 1)
        if first and not self.known:
            found.add("damaged", "the file outside is empty or not there: a cut at the end would not show")
            return
        for number in self.missing:
            if begin < number < end:
                found.add("damaged", "its line in the file outside is gone", seal=number)
        if early := [number for number in self.missing if number < begin]:
            found.notice(
                f"the file outside begins with seal {begin}: {len(early)} earlier ones are not compared"
            )
        if late := [number for number in self.missing if number > end]:
            found.notice(f"{len(late)} seals from {late[0]} on are not in the file outside yet")


def verify(db: Database, chain: str, witness: Witness, *, sign: Sign | None = None) -> Report:
    """Look at every seal and entry of a chain, and compare with the file outside. `sign`: as when sealed."""
    found = _Findings(chain)
    marks = _Marks.of(witness, found)  # read before the database, which is written first
    with db.read() as tx:
        gone, previous, grave = chain_of.let_go(tx, chain)
        at, first, rows, newest = gone, 0, 0, 0
        for seal, members in _sealed(tx, chain):
            if seal.number <= gone:
                found.add("inserted", f"tombstone {grave} says that it was let go", seal=seal.number)
                continue
            first = first or seal.number
            if seal.number != at + 1:
                found.add("removed", f"seals {at + 1}–{seal.number - 1} are missing", seal=at + 1)
            elif seal.previous != previous:
                found.add(
                    "edited", f"it does not follow seal {at}: one of the two was changed", seal=seal.number
                )
            _itself(seal, sign, found)
            marks.compare(seal, found)
            newest = _members(seal, members, newest, found)
            at, previous, rows = seal.number, seal.hash, rows + len(members)
        _strays(tx, chain, found)
        count = waiting(tx, chain)
    marks.end(first, at, found)
    return Report(
        chain=chain,
        first=first,
        last=at if first else 0,
        entries=rows,
        waiting=count,
        witnessed=marks.seen,
        count=found.count,
        faults=tuple(found.faults),
        notices=tuple(found.notices),
    )


def _sealed(tx: Connection, chain: str) -> Iterator[tuple[Seal, list[Kept]]]:
    """Seals by number, each with the entries that say they are under it."""
    after: int | None = None
    while True:
        query = select(seals).where(seals.c.chain == chain)
        if after is not None:
            query = query.where(seals.c.number > after)
        page = [chain_of.seal(row) for row in tx.execute(query.order_by(seals.c.number).limit(_AT_ONCE))]
        if not page:
            return
        rows = _under(tx, chain, page[0].number, page[-1].number)
        for seal in page:
            yield seal, rows.get(seal.number, [])
        after = page[-1].number


def _under(tx: Connection, chain: str, first: int, last: int) -> Mapping[int, list[Kept]]:
    query = (
        select(entries)
        .where(entries.c.chain == chain, entries.c.seal.between(first, last))
        .order_by(entries.c.seal, entries.c.id)
    )
    groups = itertools.groupby((kept(row) for row in tx.execute(query)), key=lambda entry: entry.seal or 0)
    return {number: list(group) for number, group in groups}


def _itself(seal: Seal, sign: Sign | None, found: _Findings) -> None:
    """Whether a seal is as it was made."""
    if chain_of.hashed(seal) != seal.hash:
        found.add("edited", "what it says does not give its hash", seal=seal.number)
    if sign is not None and sign(seal.hash) != seal.mark:
        found.add("forged", "it was not made with the key of this platform", seal=seal.number)


def _members(seal: Seal, members: list[Kept], newest: int, found: _Findings) -> int:
    """Compare the entries under a seal with what it holds of them; the time of the newest so far."""
    sealed = list(chain_of.items(seal.index))
    expected = dict(sealed)
    there = {entry.id: digest(entry) for entry in members}
    if sealed != sorted(expected.items()) or len(sealed) != seal.rows:
        found.add("edited", "what it holds of its entries is not in order", seal=seal.number)
    for entry in sorted(expected.keys() | there.keys()):
        if entry not in there:
            found.add("removed", "it was sealed, and is not under its seal", seal=seal.number, entry=entry)
        elif entry not in expected:
            found.add("inserted", "it was not there when it was sealed", seal=seal.number, entry=entry)
        elif expected[entry] != there[entry]:
            twin = next((one for one, value in expected.items() if value == there[entry]), None)
            if twin is None:
                found.add("edited", "it says something else now", seal=seal.number, entry=entry)
            else:
                found.add("reordered", f"entry {twin} stands here", seal=seal.number, entry=entry)
    for one in members:
        if one.time < newest - HOUR:
            found.notice(f"entry {one.id} is dated long before entries that were written earlier")
        newest = max(newest, one.time)
    return newest


def _strays(tx: Connection, chain: str, found: _Findings) -> None:
    """Entries that claim a seal which is not there, and what belongs to no chain of ours."""
    known = exists().where(seals.c.chain == chain, seals.c.number == entries.c.seal)
    query = (
        select(entries.c.id, entries.c.seal)
        .where(entries.c.chain == chain, entries.c.seal.is_not(None), ~known)
        .order_by(entries.c.seal, entries.c.id)
        .limit(_MOST)
    )
    for row in tx.execute(query):
        found.add("inserted", f"there is no seal {row.seal}", seal=row.seal, entry=row.id)
    if chain != CHAINS[0]:
        return
    for table in (entries, seals):
        query = select(table.c.chain, func.count().label("rows")).where(table.c.chain.not_in(CHAINS))
        for row in tx.execute(query.group_by(table.c.chain)):
            found.add("inserted", f"{row.rows} rows of {table.name} name the chain {row.chain!r}")
