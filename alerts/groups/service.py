"""Groups as people see them and have them in hand."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, select

from alerts.groups import ledger
from alerts.groups.model import WORST_FIRST, Group, State
from alerts.means import Means
from alerts.tables import groups
from alerts.ward import Ward
from city import revisions
from city.audit import Entry
from city.db import Database
from city.identity.caller import Caller
from contracts.errors import Refused
from contracts.judgements import Severity
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.logs import clean

_NOTE: Final = 2_000
Place = tuple[int, str]  # rank and id of the last of a page


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which groups of a list: each given field must match."""

    states: tuple[State, ...] = ()
    severities: tuple[Severity, ...] = ()
    site: str = ""
    rule: str = ""


class Groups:
    """Groups on the city's database."""

    def __init__(self, db: Database, *, clock: Clock, ids: Factory, means: Means) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._means = means

    def page(self, filters: Filters, *, after: Place | None = None, limit: int = 100) -> list[Group]:
        """The worst first, of those the newest; after a place."""
        query = select(groups)
        if filters.states:
            query = query.where(groups.c.state.in_(filters.states))
        if filters.severities:
            query = query.where(groups.c.rank.in_([WORST_FIRST.index(one) for one in filters.severities]))
        for column, text in ((groups.c.site, filters.site), (groups.c.rule, filters.rule)):
            if text:
                query = query.where(column == text)
        if after is not None:
            rank, id_ = after
            same = (groups.c.rank == rank) & (groups.c.id < id_)
            query = query.where((groups.c.rank > rank) | same)
        query = query.order_by(groups.c.rank, groups.c.id.desc()).limit(limit)
        with self._db.read() as tx:
            return ledger.rows(tx, query)

    def get(self, group: str) -> Group:
        """One group. Raises NoGroup."""
        with self._db.read() as tx:
            return ledger.get(tx, group)

    def acknowledge(
        self, tx: Connection, caller: Caller, group: str, *, note: str = "", seen: int | None = None
    ) -> Group:
        """Someone has all of it in hand, what fires of it too. Raises NoGroup, Outdated, Refused."""
        note = clean(note.strip(), _NOTE + 1)
        if len(note) > _NOTE:
            raise Refused("note", note[:80], f"at most {_NOTE} characters")
        ward = Ward(tx, now=self._clock.now(), ids=self._ids, means=self._means)
        known = ward.groups.get(group)
        revisions.check("alert group", group, seen=seen, now=known.revision)
        if known.state is State.CLOSED or known.acknowledged is not None:
            return known
        ward.groups.acknowledge(group, by=caller.name, note=note)
        ward.tend("acknowledge", group)
        ward.close()
        if self._means.trail is not None:
            entry = Entry(by=caller.id, action="acknowledged", kind="alerts.group", record=group)
            self._means.trail.note(tx, entry)
        return ledger.get(tx, group)
