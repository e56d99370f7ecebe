"""Take a file in: read all of it, then apply its rows, dry, all or nothing, or one by one. Calls block."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Final

from sqlalchemy import Connection, insert, select, update

from city.db import Database
from city.imports import delimited, once, table, workbook
from city.imports.columns import Layout, Row
from city.imports.errors import Unreadable
from city.imports.once import Blind, Mark
from city.imports.problems import TWICE, Bad, Problem
from city.imports.report import Report
from city.imports.tables import runs
from city.imports.tally import Tally
from contracts.judgements import Text
from runtime.clock import Clock
from runtime.ids import Factory

Apply = Callable[[Connection, Row], None]  # writes in this transaction only; raises Bad to refuse the row
Progress = Callable[[int, int], None]  # rows done, rows in all
LARGEST: Final = 10_000_000  # bytes of a file
WHOLE: Final = 5_000  # rows that one transaction may take: others wait for it on SQLite
_AT_ONCE: Final = 100  # rows of a transaction where each stands for itself


class Mode(StrEnum):
    """How rows are applied."""

    DRY = "dry"  # as ALL, then undone: what would happen
    ALL = "all"  # all rows, or none where one is refused
    EACH = "each"  # every good row


class _Undo(Exception):
    """Raised inside a transaction to take it back."""


class Imports:
    """Imports tables; `blind` makes digests of what may be personal."""

    def __init__(self, db: Database, *, clock: Clock, ids: Factory, blind: Blind) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._blind = blind

    def run(
        self,
        layout: Layout,
        body: bytes,
        apply: Apply,
        *,
        mode: Mode,
        by: str,
        name: str = "",
        formulas: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Import a file; its kind is told by its content. Raises Unreadable, and what the database raises.

        Broken off by an outage, `EACH` has taken in the rows so far: the same file again takes in the rest.
        """
        tally = Tally(layout, progress or _silent)
        good = list(self._read(layout, body, name, tally, formulas=formulas))
        tally.total = tally.rows
        if mode is not Mode.EACH and len(good) > WHOLE:
            raise Unreadable(
                Text(
                    id=f"lebih dari {WHOLE} baris tidak dapat diimpor sekaligus; impor baris demi baris",
                    en=f"more than {WHOLE} rows cannot be imported as one; import them row by row",
                )
            )
        if mode is Mode.DRY:
            self._whole(good, apply, tally, "", keep=False)
            return tally.report("", committed=False)
        run = self._begin(layout, body, mode, by, tally)
        if mode is Mode.ALL:
            committed = not tally.refused and self._whole(good, apply, tally, run, keep=True)
        else:
            committed = True
            self._each(good, apply, tally, run)
        self._tell(run, tally, ended=True, committed=committed)
        return tally.report(run, committed=committed)

    def _read(
        self, layout: Layout, body: bytes, name: str, tally: Tally, *, formulas: bool
    ) -> Iterator[tuple[Row, Mark]]:
        """Rows that can be read; the others are told to the tally."""
        if len(body) > LARGEST:
            size = f"{LARGEST / 1e6:g} MB"
            raise Unreadable(Text(id=f"berkas lebih besar dari {size}", en=f"the file is larger than {size}"))
        packed = body.startswith(b"PK")
        lines = (
            workbook.lines(body, layout, name, formulas=formulas) if packed else delimited.lines(body, layout)
        )
        heading, rest = table.found(lines, layout)
        tally.unknown = heading.unknown
        seen: set[str] = set()
        for found in table.rows(rest, heading, layout):
            tally.rows += 1
            if not isinstance(found, Row):
                tally.refuse(found)
                continue
            mark = once.mark(found, layout, self._blind)
            if mark.key in seen:
                tally.refuse([Problem(row=found.number, column=", ".join(layout.key), value="", said=TWICE)])
                continue
            seen.add(mark.key)
            yield found, mark

    def _whole(
        self, good: Sequence[tuple[Row, Mark]], apply: Apply, tally: Tally, run: str, *, keep: bool
    ) -> bool:
        """All rows in one transaction; whether it stays."""
        try:
            with self._db.begin() as tx:
                for batch in _batches(good):
                    self._batch(tx, batch, apply, tally, run)
                if not keep or tally.refused:
                    raise _Undo
        except _Undo:
            return False
        return True

    def _each(self, good: Sequence[tuple[Row, Mark]], apply: Apply, tally: Tally, run: str) -> None:
        for batch in _batches(good):
            with self._db.begin() as tx:
                self._batch(tx, batch, apply, tally, run)
                self._note(tx, run, tally)

    def _batch(
        self, tx: Connection, batch: Sequence[tuple[Row, Mark]], apply: Apply, tally: Tally, run: str
    ) -> None:
        once.lock(self._db, tx, tally.layout.name)
        before = once.known(tx, tally.layout.name, [mark for _, mark in batch])
        for row, mark in batch:
            digest = before.get(mark.key)
            if digest == mark.digest:
                tally.same += 1
                continue
            try:
                with tx.begin_nested():
                    apply(tx, row)
                    once.remember(tx, tally.layout.name, mark, run, new=digest is None)
            except Bad as bad:
                tally.refuse([Problem(row=row.number, column=bad.column, value="", said=bad.said)])
                continue
            tally.took(new=digest is None)
        tally.step(len(batch))

    def _begin(self, layout: Layout, body: bytes, mode: Mode, by: str, tally: Tally) -> str:
        run, now = self._ids(), self._clock.now()
        with self._db.begin() as tx:
            tx.execute(
                insert(runs).values(
                    id=run,
                    layout=layout.name,
                    by=by,
                    mode=mode,
                    digest=self._blind("imports.file", hashlib.sha256(body).hexdigest()),
                    started=now,
                    updated=now,
                    ended=None,
                    committed=False,
                    total=tally.total,
                    **tally.counts(),
                )
            )
        return run

    def _tell(self, run: str, tally: Tally, *, ended: bool, committed: bool) -> None:
        with self._db.begin() as tx:
            self._note(tx, run, tally)
            if ended:
                values = {"ended": self._clock.now(), "committed": committed}
                tx.execute(update(runs).where(runs.c.id == run).values(**values))

    def _note(self, tx: Connection, run: str, tally: Tally) -> None:
        tx.execute(update(runs).where(runs.c.id == run).values(updated=self._clock.now(), **tally.counts()))

    def progress(self, run: str) -> tuple[int, int] | None:
        """Rows done and rows in all of a run, as last written down; None where there is none of this id."""
        with self._db.read() as tx:
            row = tx.execute(select(runs.c.done, runs.c.total).where(runs.c.id == run)).first()
        return None if row is None else (row.done, row.total)


def _batches(good: Sequence[tuple[Row, Mark]]) -> Iterator[list[tuple[Row, Mark]]]:
    rest = iter(good)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def _silent(_done: int, _total: int) -> None:
    return
