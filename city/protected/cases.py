"""Open a case for a team, look into it, change the team, and have a supervisor look at it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select, update

from city.audit import Entry, Trail
from city.identity.caller import Caller, Kind
from city.privacy import Vault
from city.protected import rights
from city.protected.errors import Forbidden
from city.protected.model import Access, Case, Duty, Member, opaque
from city.protected.settings import Settings
from city.protected.tables import cases, consents, members, openings
from contracts.errors import Refused
from contracts.instants import DAY
from runtime.clock import Clock

OPENING = "protected.opening"  # kinds of records in the vault
CONSENT = "protected.consent"
_HIDDEN = "(not shown)"


class Cases:
    """One programme's cases. `trail`: the protected chain. Permissions: `PROGRAMME.cases.open`, `….force`."""

    def __init__(
        self, *, programme: str, vault: Vault, trail: Trail, clock: Clock, settings: Settings | None = None
    ) -> None:
        self.programme = programme
        self.settings = settings or Settings()
        self.vault = vault
        self.clock = clock
        self._trail = trail

    def open(self, tx: Connection, *, unit: str, supervisor: str, by: Caller) -> Case:
        """A new case whose lead is the caller; the supervisor is another. Raises Forbidden, Refused."""
        if by.kind != Kind.PERSON or not by.may(f"{self.programme}.cases.open", unit=unit):
            raise Forbidden("you may open no cases for this unit")
        if supervisor == by.id or not supervisor:
            raise Refused("supervisor", _HIDDEN, "someone else: nobody supervises himself")
        now = self.clock.now()
        case = Case(id=opaque(), programme=self.programme, unit=unit, opened=now, reviewed=now)
        tx.execute(
            insert(cases).values(id=case.id, programme=self.programme, unit=unit, opened=now, reviewed=now)
        )
        team = ((by.id, Duty.LEAD), (supervisor, Duty.SUPERVISOR))
        tx.execute(
            insert(members),
            [{"case": case.id, "person": person, "duty": duty, "since": now} for person, duty in team],
        )
        self.note(tx, case, "opened", by)
        return case

    def look(self, tx: Connection, case: str, by: Caller, *, request: str = "") -> Access:
        """Make sure that this caller may see a case now, and note that he did. Raises Hidden.

        Whoever shows anything of a case calls this first, in the transaction that reads it.
        """
        found = self.access(tx, case, by)
        self.note(tx, found.case, "viewed", by, why="" if found.duty else "by-force", request=request)
        return found

    def access(self, tx: Connection, case: str, by: Caller, *, lock: bool = False) -> Access:
        """Whether this caller may see a case; not noted: for steps that note themselves. Raises Hidden."""
        return rights.access(tx, self.programme, case, by, self.clock.now(), lock=lock)

    def member(self, tx: Connection, case: str, by: Caller, *, lock: bool = False) -> Access:
        """The same for what only the team does, not who forced the case open. Raises Hidden, Forbidden."""
        found = self.access(tx, case, by, lock=lock)
        if found.duty is None:
            raise Forbidden("only the team does this: by force a case is only looked into")
        return found

    def visible(self, tx: Connection, by: Caller, *, after: str = "", limit: int = 100) -> Sequence[str]:
        """Ids of the cases in whose team he is, a page at a time: a list shows no others."""
        if by.kind != Kind.PERSON:
            return []
        query = (
            select(cases.c.id)
            .join(members, members.c.case == cases.c.id)
            .where(cases.c.programme == self.programme, members.c.person == by.id, cases.c.id > after)
        )
        return tx.execute(query.order_by(cases.c.id).limit(limit)).scalars().all()

    def team(self, tx: Connection, case: str, by: Caller) -> list[Member]:
        """Who is in the team. Raises Hidden."""
        self.access(tx, case, by)
        query = select(members).where(members.c.case == case).order_by(members.c.since, members.c.person)
        return [Member(**{**row._asdict(), "duty": Duty(row.duty)}) for row in tx.execute(query)]

    def join(self, tx: Connection, case: str, person: str, duty: Duty, *, by: Caller) -> None:
        """Bring someone in, or give him another duty; leads and supervisors do. Raises Hidden, Forbidden."""
        found = self._ruling(tx, case, by)
        if person == by.id:
            raise Forbidden("nobody changes his own duty")
        mine = (members.c.case == case) & (members.c.person == person)
        if not tx.execute(update(members).where(mine).values(duty=duty)).rowcount:
            row = {"case": case, "person": person, "duty": duty, "since": self.clock.now()}
            tx.execute(insert(members).values(**row))
        self._supervised(tx, case)
        self.note(tx, found.case, "team.joined", by, fields=(duty,), why=person)

    def leave(self, tx: Connection, case: str, person: str, *, by: Caller) -> None:
        """Let someone go, also oneself; a supervisor stays in each team. Raises Hidden, Forbidden."""
        found = self.member(tx, case, by, lock=True)
        if person != by.id and found.duty not in (Duty.LEAD, Duty.SUPERVISOR):
            raise Forbidden("only leads and supervisors change the team")
        tx.execute(delete(members).where(members.c.case == case, members.c.person == person))
        self._supervised(tx, case)
        self.note(tx, found.case, "team.left", by, why=person)

    def review(self, tx: Connection, case: str, *, by: Caller) -> None:
        """A supervisor has looked at the team's work. Raises Hidden, Forbidden."""
        found = self.member(tx, case, by, lock=True)
        if found.duty != Duty.SUPERVISOR:
            raise Forbidden("only a supervisor of the case reviews it")
        tx.execute(update(cases).where(cases.c.id == case).values(reviewed=self.clock.now()))
        self.note(tx, found.case, "reviewed", by)

    def unreviewed(self, tx: Connection, *, limit: int = 100) -> list[Case]:
        """Open cases at which no supervisor has looked for too long, the longest first."""
        before = self.clock.now() - round(self.settings.review_days * DAY)
        query = select(cases).where(
            cases.c.programme == self.programme, cases.c.closed.is_(None), cases.c.reviewed < before
        )
        return [rights.found(row) for row in tx.execute(query.order_by(cases.c.reviewed).limit(limit))]

    def close(self, tx: Connection, case: str, *, by: Caller) -> None:
        """Nothing is due any more; the team still may look. Raises Hidden, Forbidden."""
        found = self._ruling(tx, case, by)
        tx.execute(update(cases).where(cases.c.id == case).values(closed=self.clock.now()))
        self.note(tx, found.case, "closed", by)

    def forget(self, tx: Connection, case: str) -> None:
        """Delete a case with its team, openings and consents; the programme's retention notes it."""
        for table, kind in ((openings, OPENING), (consents, CONSENT)):
            for record in tx.execute(select(table.c.id).where(table.c.case == case)).scalars().all():
                self.vault.forget(tx, kind, record)
        tx.execute(delete(cases).where(cases.c.id == case, cases.c.programme == self.programme))

    def note(
        self,
        tx: Connection,
        case: Case,
        action: str,
        by: Caller,
        *,
        why: str = "",
        fields: tuple[str, ...] = (),
        request: str = "",
    ) -> None:
        """An entry in the protected chain: ids and codes alone. Raises Refused."""
        entry = Entry(
            by=by.id,
            action=action,
            kind=f"{self.programme}.case",
            record=case.id,
            fields=fields,
            why=why,
            unit=case.unit,
            request=request,
        )
        self._trail.note(tx, entry)

    def _ruling(self, tx: Connection, case: str, by: Caller) -> Access:
        found = self.member(tx, case, by, lock=True)
        if found.duty not in (Duty.LEAD, Duty.SUPERVISOR):
            raise Forbidden("only leads and supervisors do this")
        return found

    def _supervised(self, tx: Connection, case: str) -> None:
        query = select(func.count()).where(members.c.case == case, members.c.duty == Duty.SUPERVISOR)
        if not tx.execute(query).scalar_one():
            raise Forbidden("a case keeps a supervisor: name another first")
