"""The register of documents: numbered, then made and signed, then issued; checked, revoked. Calls block."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from sqlalchemy import Connection, RowMapping, select, update

from city import outbox
from city.db import Database, new_or_nothing
from city.documents import codes
from city.documents.errors import NotNow, Taken, Unknown
from city.documents.records import Finding, Issued, Paper, State
from city.documents.settings import Settings
from city.documents.tables import documents
from contracts.judgements import Text
from runtime.clock import Clock
from runtime.ids import Factory

PATH: Final = "/cek"
ISSUED: Final = "letter.issued"
REVOKED: Final = "letter.revoked"


class Register:
    """Documents by code, number and file.

    A number comes from a transaction, a PDF does not: so `open` in the transaction that allots the number,
    make and sign the PDF, then `close` in another. What a crash leaves in between is in `unfinished`.
    """

    def __init__(self, db: Database, settings: Settings, *, clock: Clock, ids: Factory) -> None:
        self._db = db
        self._address = settings.address.rstrip("/")
        self._clock = clock
        self._ids = ids

    def open(self, tx: Connection, paper: Paper) -> Issued:
        """Note a document that is going to be issued; its code goes into the QR. Raises Taken."""
        new = Issued(
            code=codes.new(),
            created=self._clock.now(),
            issued=None,
            revoked=None,
            reason=None,
            digest="",
            file="",
            trial=False,
            **msgspec.structs.asdict(paper),
        )
        made = new_or_nothing(self._db, documents).returning(documents.c.code)
        if tx.execute(made, msgspec.to_builtins(new)).first() is None:
            raise Taken(paper.unit, paper.number)
        return new

    def url(self, code: str) -> str:
        """The public page that tells of a document: what its QR code says."""
        return f"{self._address}{PATH}/{code}"

    def close(self, tx: Connection, code: str, pdf: bytes, *, file: str, trial: bool) -> Issued:
        """The signed PDF is kept as `file`: the document is issued. Raises Unknown, NotNow."""
        old = self._locked(tx, code)
        if old.state(self._clock.now()) is not State.PREPARING:
            raise NotNow(code, old.state(self._clock.now()), "issuing")
        digest = hashlib.sha256(pdf).hexdigest()
        return self._change(tx, old, ISSUED, issued=self._clock.now(), digest=digest, file=file, trial=trial)

    def revoke(self, tx: Connection, code: str, reason: Text) -> Issued:
        """Declare a document void, for a reason that everyone may read; twice is once. Raises Unknown."""
        old = self._locked(tx, code)
        if old.revoked is not None:
            return old
        return self._change(tx, old, REVOKED, revoked=self._clock.now(), reason=reason)

    def get(self, tx: Connection, code: str) -> Issued:
        """One document. Raises Unknown."""
        row = tx.execute(select(documents).where(documents.c.code == code)).mappings().one_or_none()
        if row is None:
            raise Unknown(code)
        return _record(row)

    def of(self, tx: Connection, record: str) -> list[Issued]:
        """Documents that came from a record, oldest first."""
        query = select(documents).where(documents.c.record == record).order_by(documents.c.created)
        return [_record(row) for row in tx.execute(query).mappings()]

    def unfinished(self, tx: Connection, *, before: int, limit: int = 100) -> list[Issued]:
        """Documents opened before an instant (µs UTC) that still have no PDF: make them now."""
        waiting = (
            documents.c.issued.is_(None) & documents.c.revoked.is_(None) & (documents.c.created < before)
        )
        query = select(documents).where(waiting).order_by(documents.c.created).limit(limit)
        return [_record(row) for row in tx.execute(query).mappings()]

    def check(self, text: str) -> Finding | None:
        """By code as somebody wrote it, or by number, then the newest; None where nothing is found.

        A number can be guessed, so it tells nothing of the person; a code or the file itself cannot.
        """
        code = codes.parse(text)
        if not text.isprintable():
            return None
        with self._db.read() as tx:
            if code is not None:
                row = tx.execute(select(documents).where(documents.c.code == code)).mappings().one_or_none()
                if row is not None:
                    return self._finding(_record(row), held=True)
            by_number = select(documents).where(documents.c.number == " ".join(text.split()))
            row = tx.execute(by_number.order_by(documents.c.created.desc()).limit(1)).mappings().one_or_none()
        return None if row is None else self._finding(_record(row), held=False)

    def check_file(self, digest: str, *, code: str = "") -> Finding | None:
        """By the SHA-256 of a PDF. With a code: that document, and whether the file is the one issued."""
        known = codes.parse(code) if code else None
        where = documents.c.digest == digest if known is None else documents.c.code == known
        with self._db.read() as tx:
            row = (
                tx.execute(select(documents).where(where).limit(1)).mappings().one_or_none()
                if digest
                else None
            )
        if row is None:
            return None
        found = _record(row)
        return msgspec.structs.replace(self._finding(found, held=True), same=found.digest == digest)

    def _finding(self, of: Issued, *, held: bool) -> Finding:
        return Finding(
            state=of.state(self._clock.now()),
            title=of.title,
            number=of.number,
            unit=of.unit,
            issued=of.issued,
            until=of.until,
            revoked=of.revoked,
            reason=of.reason,
            trial=of.trial,
            code=of.code if held else "",
            initials=of.initials if held else "",
        )

    def _locked(self, tx: Connection, code: str) -> Issued:
        query = select(documents).where(documents.c.code == code).with_for_update()
        row = tx.execute(query).mappings().one_or_none()
        if row is None:
            raise Unknown(code)
        return _record(row)

    def _change(self, tx: Connection, old: Issued, event: str, **changes: object) -> Issued:
        new = msgspec.structs.replace(old, **changes)
        values = msgspec.to_builtins(new)
        tx.execute(update(documents).where(documents.c.code == old.code).values(**values))
        told = {
            name: values[name] for name in ("kind", "number", "unit", "issued", "until", "revoked", "trial")
        }
        outbox.append(
            tx,
            outbox.event(
                event,
                id=self._ids(),
                source="/documents",
                subject=old.record,
                time=self._clock.now(),
                data=told,
            ),
        )
        return new


def _record(row: RowMapping) -> Issued:
    return msgspec.convert({name: row[name] for name in Issued.__struct_fields__}, Issued)
