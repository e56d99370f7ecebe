"""A person's rights over his data (UU 27/2022): have all of it, or have it erased, across all packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select

from city import outbox
from city.audit import Entry, Trail
from city.db import Database
from city.privacy import closed
from city.privacy.errors import Erased, Leftover
from city.privacy.tables import requests
from city.privacy.vault import Vault
from runtime.clock import Clock
from runtime.ids import Factory

EXPORT: Final = "export"
ERASED: Final = "person.erased"  # event: everyone else forgets what he keeps of this person
PERSON: Final = "identity.person"  # kind of record in the trail


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a person's records of one kind."""

    kind: str  # `identity.person`
    erased: int = 0
    kept: int = 0
    why: str = ""  # on which ground they are kept, for people: "UU 43/2009: archives of letters"
    exported: int = 0


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """One package's part: it knows what it has of a person. Both run in the request's one transaction."""

    name: str  # of the package
    export: Callable[[Connection, str], Mapping[str, Sequence[Any]]]  # id of the person → records by kind
    erase: Callable[[Connection, str], Sequence[Outcome]]  # erases, and says what it keeps and why


def vault_hook(
    vault: Vault, *, name: str, kinds: Sequence[str], kept: Mapping[str, str] | None = None
) -> Hook:
    """Hook of a package whose records lie in the vault alone; `kept`: kind → ground on which it stays."""
    grounds = kept or {}

    def export(tx: Connection, subject: str) -> Mapping[str, Sequence[Any]]:
        found = {kind: [held.record for held in vault.of(tx, subject, kind=kind)] for kind in kinds}
        return {kind: list(vault.open_many(tx, kind, ids).values()) for kind, ids in found.items() if ids}

    def erase(tx: Connection, subject: str) -> Sequence[Outcome]:
        return [_gone(tx, vault, subject, kind, grounds.get(kind, "")) for kind in kinds]

    return Hook(name=name, export=export, erase=erase)


def _gone(tx: Connection, vault: Vault, subject: str, kind: str, ground: str) -> Outcome:
    found = vault.of(tx, subject, kind=kind)
    if ground:
        return Outcome(kind=kind, kept=len(found), why=ground)
    return Outcome(kind=kind, erased=sum(vault.erase(tx, kind, held.record) for held in found))


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was done at a person's request; holds none of his data."""

    id: str
    subject: str
    action: str  # export, erase
    time: int  # µs UTC
    parts: dict[str, tuple[Outcome, ...]]  # by package


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a person. It is handed to him and kept nowhere."""

    report: Report
    data: dict[str, dict[str, Sequence[Any]]]  # package → kind → records


class Subjects:
    """Asks every package's hook. An export or erasure is one transaction: all of it, or nothing."""

    def __init__(
        self, db: Database, *, vault: Vault, trail: Trail, clock: Clock, ids: Factory, hooks: Sequence[Hook]
    ) -> None:
        names = [hook.name for hook in hooks]
        if len(set(names)) != len(names):
            raise ValueError(f"two hooks have the same name: {sorted(names)}")
        self._db = db
        self._vault = vault
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._hooks = hooks

    def export(self, subject: str, *, by: str, why: str = "", request: str = "") -> Export:
        """All that is known of a person, by package and kind."""
        with self._db.begin() as tx:
            data = {hook.name: dict(hook.export(tx, subject)) for hook in self._hooks}
            parts = {
                name: tuple(Outcome(kind=kind, exported=len(found)) for kind, found in kinds.items())
                for name, kinds in data.items()
            }
            report = self._keep(tx, subject, EXPORT, parts, by=by, why=why, request=request)
        return Export(report=report, data=data)

    def erase(self, subject: str, *, by: str, why: str = "", request: str = "") -> Report:
        """Erase a person's data; what the law makes us keep stays, and is told. Raises Erased, Leftover.

        Nothing is erased where the vault has records of him that no hook erases or says to keep.
        """
        with self._db.begin() as tx:
            closed.alone(self._db, tx, subject)
            if any(report.action == closed.ERASE for report in self.reports(tx, subject)):
                raise Erased(closed.SUBJECT, subject)
            parts = {hook.name: tuple(hook.erase(tx, subject)) for hook in self._hooks}
            kept = {outcome.kind for part in parts.values() for outcome in part if outcome.kept}
            if left := {held.kind for held in self._vault.of(tx, subject)} - kept:
                raise Leftover(subject, left)
            report = self._keep(tx, subject, closed.ERASE, parts, by=by, why=why, request=request)
            event = outbox.event(
                ERASED,
                id=self._ids(),
                source="/privacy",
                subject=subject,
                time=report.time,
                data={"subject": subject, "report": report.id},
            )
            outbox.append(tx, event)
        return report

    def reports(self, tx: Connection, subject: str) -> list[Report]:
        """What was done at this person's requests, oldest first."""
        query = select(requests.c.report).where(requests.c.subject == subject)
        found = tx.execute(query.order_by(requests.c.time, requests.c.id)).scalars()
        return [msgspec.convert(report, Report) for report in found]

    def _keep(
        self,
        tx: Connection,
        subject: str,
        action: str,
        parts: dict[str, tuple[Outcome, ...]],
        *,
        by: str,
        why: str,
        request: str,
    ) -> Report:
        report = Report(id=self._ids(), subject=subject, action=action, time=self._clock.now(), parts=parts)
        values = {"id": report.id, "subject": subject, "action": action, "time": report.time}
        tx.execute(insert(requests).values(**values, report=msgspec.to_builtins(report)))
        done = {EXPORT: "exported", closed.ERASE: "erased"}[action]
        self._trail.note(tx, Entry(by=by, action=done, kind=PERSON, record=subject, why=why, request=request))
        return report
