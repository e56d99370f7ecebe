"""Break the glass: open a case by force, with a reason, under an alarm, and reviewed afterwards."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from city import outbox
from city.identity.caller import Caller, Kind
from city.protected import rights
from city.protected.cases import OPENING, Cases
from city.protected.errors import Forbidden, Hidden
from city.protected.model import Case, Duty, Verdict, opaque
from city.protected.tables import cases, members, openings
from contracts.errors import Refused
from contracts.instants import HOUR, MINUTE
from runtime.ids import Factory

OPENED: Final = "protected.opened_by_force"  # event: supervisors are told at once
_LEAST, _MOST = 20, 1_000  # characters of a reason
_SHOWN: Final = "(not shown)"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """That someone forced a case open. His reason lies in the vault."""

    id: str
    case: str
    person: str
    opened: int  # µs UTC
    until: int  # µs UTC
    reviewed: int | None = None  # µs UTC
    reviewer: str = ""
    verdict: str = ""  # justified, unjustified; empty until then


class Force:
    """Forced openings of one programme's cases. Permission: `PROGRAMME.cases.force`, with a second factor."""

    def __init__(self, cases: Cases, *, ids: Factory) -> None:
        self._cases = cases
        self._ids = ids

    def open(self, tx: Connection, case: str, *, by: Caller, reason: str, request: str = "") -> Opening:
        """Open a case for a while; again within it is the same opening. Raises Hidden, Forbidden, Refused."""
        row = self._case(tx, case, by)
        reason = " ".join(reason.split())
        if not _LEAST <= len(reason) <= _MOST:
            raise Refused("reason", _SHOWN, f"say in {_LEAST} to {_MOST:,} characters why it cannot wait")
        now = self._cases.clock.now()
        if known := self._running(tx, case, by, now):
            return known
        until = now + round(self._cases.settings.forced_minutes * MINUTE)
        made = Opening(id=opaque(), case=case, person=by.id, opened=now, until=until)
        tx.execute(insert(openings).values(**msgspec.structs.asdict(made)))
        self._cases.vault.seal(tx, kind=OPENING, record=made.id, subject="", fields={"reason": reason})
        self._cases.note(tx, row, "opened_by_force", by, why="break-glass", request=request)
        self._alarm(tx, row, made)
        return made

    def waiting(self, tx: Connection, by: Caller) -> list[Opening]:
        """Openings that this supervisor has to review, oldest first."""
        return self._openings(tx, by.id)

    def overdue(self, tx: Connection) -> list[Opening]:
        """Openings of this programme that nobody has reviewed in time, oldest first."""
        before = self._cases.clock.now() - round(self._cases.settings.review_hours * HOUR)
        return [one for one in self._openings(tx) if one.opened < before]

    def reason(self, tx: Connection, opening: str, by: Caller) -> str:
        """Why a case was forced open: for its team. Raises Hidden, Forbidden."""
        row, case = self._one(tx, opening, by)
        self._cases.note(tx, case, "viewed", by, fields=("reason",))
        return str(self._cases.vault.open(tx, OPENING, row.id)["reason"])

    def review(
        self, tx: Connection, opening: str, verdict: Verdict, *, by: Caller, note: str = ""
    ) -> Opening:
        """Say whether it was justified; once, and never of one's own. Raises Hidden, Forbidden."""
        row, case = self._one(tx, opening, by)
        if self._cases.access(tx, case.id, by).duty != Duty.SUPERVISOR or row.person == by.id:
            raise Forbidden("only a supervisor of the case reviews it, and nobody his own")
        now = self._cases.clock.now()
        mine = (openings.c.id == opening) & openings.c.reviewed.is_(None)
        values = {"reviewed": now, "reviewer": by.id, "verdict": verdict}
        if not tx.execute(update(openings).where(mine).values(**values)).rowcount:
            raise Forbidden("it was reviewed already")
        if note.strip():
            fields = {"note": note.strip()[:_MOST]}
            self._cases.vault.seal(tx, kind=OPENING, record=opening, subject="", fields=fields)
        self._cases.note(tx, case, "opening_reviewed", by, why=verdict)
        return msgspec.structs.replace(_opening(row), reviewed=now, reviewer=by.id, verdict=verdict)

    def _case(self, tx: Connection, case: str, by: Caller) -> Case:
        """The case, ours until the end, where he may force it. Raises Hidden, Forbidden."""
        query = select(cases).where(cases.c.id == case, cases.c.programme == self._cases.programme)
        row = tx.execute(query.with_for_update()).one_or_none()
        if row is None or by.kind != Kind.PERSON:
            raise Hidden
        if not by.may(f"{self._cases.programme}.cases.force", unit=row.unit):
            raise Hidden
        if not by.strong:
            raise Forbidden("show your second factor first")
        return rights.found(row)

    def _running(self, tx: Connection, case: str, by: Caller, now: int) -> Opening | None:
        query = select(openings).where(
            openings.c.case == case, openings.c.person == by.id, openings.c.until > now
        )
        row = tx.execute(query.limit(1)).one_or_none()
        return None if row is None else _opening(row)

    def _openings(self, tx: Connection, supervisor: str = "") -> list[Opening]:
        query = (
            select(openings)
            .join(cases, cases.c.id == openings.c.case)
            .where(cases.c.programme == self._cases.programme, openings.c.reviewed.is_(None))
        )
        if supervisor:
            query = query.join(members, members.c.case == openings.c.case).where(
                members.c.person == supervisor,
                members.c.duty == Duty.SUPERVISOR,
                openings.c.person != supervisor,
            )
        return [_opening(row) for row in tx.execute(query.order_by(openings.c.opened, openings.c.id))]

    def _one(self, tx: Connection, opening: str, by: Caller) -> tuple[Row[Any], Case]:
        row = tx.execute(select(openings).where(openings.c.id == opening)).one_or_none()
        if row is None:
            raise Hidden
        return row, self._cases.member(tx, row.case, by).case

    def _alarm(self, tx: Connection, case: Case, made: Opening) -> None:
        """An event for those who must know; ids alone."""
        query = select(members.c.person).where(members.c.case == case.id, members.c.duty == Duty.SUPERVISOR)
        event = outbox.event(
            OPENED,
            id=self._ids(),
            source=f"/{case.programme}",
            subject=case.id,
            time=made.opened,
            data={
                "case": case.id,
                "opening": made.id,
                "programme": case.programme,
                "unit": case.unit,
                "by": made.person,
                "until": made.until,
                "supervisors": tx.execute(query.order_by(members.c.person)).scalars().all(),
            },
        )
        outbox.append(tx, event)


def _opening(row: Row[Any]) -> Opening:
    return Opening(**{name: getattr(row, name) for name in Opening.__struct_fields__})
