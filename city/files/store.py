"""Files of records: taken in, kept in the record's transaction, read, let go. Calls block: use a thread."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from city.db import Database
from city.files import checks, seal
from city.files.errors import Damaged, Late, Missing
from city.files.kinds import Kind
from city.files.records import Draft, File
from city.files.shelf import Shelf
from city.files.tables import contents, files, strays
from city.files.use import Use
from city.files.vault import FILE, Vault
from runtime.clock import Clock
from runtime.ids import Factory

_KEY: Final = "key"
_NAME: Final = "name"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """How to read the content of one file; holds its key, so it leaves no process."""

    file: File
    path: str
    key: bytes

    @property
    def etag(self) -> str:
        """Changes with the content."""
        return f'"{self.file.digest[:32]}"'


class Files:
    """Keeps files; one for all threads of a process."""

    def __init__(self, db: Database, shelf: Shelf, vault: Vault, *, clock: Clock, ids: Factory) -> None:
        self._db = db
        self._shelf = shelf
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._insert = sqlite.insert if db.lite else postgresql.insert

    def receive(self, body: bytes, use: Use, name: str) -> Draft:
        """Check, clean and put down what was sent, for `keep` to make it a file. Raises Unfit, Away."""
        checked = checks.check(body, use, name)
        return self.put(checked.body, use, checked.name, checked.kind)

    def put(self, body: bytes, use: Use, name: str, kind: Kind) -> Draft:
        """Put down a content of our own making, unchecked. Raises Away."""
        key = seal.new_key() if use.personal else b""
        stored = seal.seal(body, key) if key else body
        digest = hashlib.sha256(stored).hexdigest()
        path = (
            f"{digest}-{secrets.token_hex(4)}"  # of its own: no two uploads ever write, or remove, the same
        )
        with self._db.begin() as tx:
            tx.execute(insert(strays).values(path=path, since=self._clock.now(), doomed=False))
        self._shelf.write(path, stored)
        return Draft(
            path=path,
            digest=digest,
            stored=len(stored),
            kind=kind,
            size=len(body),
            name=name,
            use=use.name,
            key=key,
        )

    def keep(self, tx: Connection, draft: Draft, *, record: str, by: str, subject: str = "") -> File:
        """Make a draft a file of a record. Raises Late where it was swept meanwhile."""
        self._claim(tx, draft)
        file = File(
            id=self._ids(),
            use=draft.use,
            record=record,
            subject=subject,
            kind=draft.kind,
            size=draft.size,
            digest=draft.digest,
            sealed=bool(draft.key),
            created=self._clock.now(),
            by=by,
            name=draft.name,
        )
        values = msgspec.to_builtins(file)
        if draft.key:
            fields = {_KEY: base64.b64encode(draft.key).decode(), _NAME: draft.name}
            self._vault.seal(tx, kind=FILE, record=file.id, subject=subject, fields=fields)
            values["name"] = ""
        tx.execute(insert(files).values(**values))
        return file

    def drop(self, tx: Connection, file: str) -> None:
        """Let a file go, and destroy its key; twice is the same as once."""
        row = tx.execute(
            delete(files).where(files.c.id == file).returning(files.c.digest, files.c.sealed)
        ).first()
        if row is None:
            return
        if row.sealed:
            self._vault.forget(tx, FILE, file)
        tx.execute(
            update(contents)
            .where(contents.c.digest == row.digest)
            .values(
                refs=contents.c.refs - 1,
                unused=case((contents.c.refs == 1, self._clock.now())),
            )
        )

    def drop_all(self, tx: Connection, *, record: str = "", subject: str = "") -> int:
        """Let all files of a record, or about a person, go; how many. For erasure and retention."""
        if not record and not subject:
            raise ValueError("name a record or a subject")
        where = files.c.record == record if record else files.c.subject == subject
        found = tx.execute(select(files.c.id).where(where).order_by(files.c.id)).scalars().all()
        for file in found:
            self.drop(tx, file)
        return len(found)

    def of(self, tx: Connection, *, record: str = "", subject: str = "") -> list[File]:
        """Files of a record, or about a person, oldest first; erased ones are not among them."""
        where = files.c.record == record if record else files.c.subject == subject
        rows = tx.execute(select(files).where(where).order_by(files.c.created, files.c.id)).mappings()
        return [file for file, _ in self._opened(tx, list(rows))]

    def find(self, tx: Connection, file: str) -> Content:
        """How to read a file. Raises Missing."""
        query = select(files, contents.c.path).join(contents, contents.c.digest == files.c.digest)
        row = tx.execute(query.where(files.c.id == file)).mappings().one_or_none()
        if row is None:
            raise Missing(file)
        for found, key in self._opened(tx, [row]):
            return Content(file=found, path=row["path"], key=key)
        raise Missing(file)

    def read(self, content: Content, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes [start, end) in pieces; all of it is compared with its digest. Raises Away, Damaged."""
        size = content.file.size
        end = size if end is None else end
        if content.key:
            yield from self._unsealed(content, start, end)
            return
        digest = hashlib.sha256()
        for piece in self._shelf.stream(content.path, start, end):
            digest.update(piece)
            yield piece
        if (start, end) == (0, size) and digest.hexdigest() != content.file.digest:
            raise Damaged(content.file.id, "its digest is another")

    def _unsealed(self, content: Content, start: int, end: int) -> Iterator[bytes]:
        with self._shelf.opened(content.path) as fetch:
            try:
                yield from seal.open_part(fetch, content.key, content.file.size, start, end)
            except ValueError as error:
                raise Damaged(content.file.id, str(error)) from None

    def _claim(self, tx: Connection, draft: Draft) -> None:
        """Count one more reference to the content; ours where nobody has kept the same before."""
        new = self._insert(contents).values(
            digest=draft.digest, path=draft.path, stored=draft.stored, refs=1, unused=None
        )
        row = tx.execute(
            new.on_conflict_do_update(
                index_elements=[contents.c.digest], set_={"refs": contents.c.refs + 1, "unused": None}
            ).returning(contents.c.path, contents.c.refs)
        ).one()
        if row.path != draft.path or row.refs > 1:
            return  # the same content lies there already; our copy is a stray, and is swept
        mine = (strays.c.path == draft.path) & strays.c.doomed.is_(False)
        if tx.execute(delete(strays).where(mine)).rowcount != 1:
            raise Late(draft.name)

    def _opened(self, tx: Connection, rows: Sequence[RowMapping]) -> Iterator[tuple[File, bytes]]:
        """Each file with its name and key; those whose key is destroyed are left out."""
        sealed = self._vault.open_many(tx, FILE, [row["id"] for row in rows if row["sealed"]])
        for row in rows:
            values: dict[str, Any] = {name: row[name] for name in File.__struct_fields__}
            if not row["sealed"]:
                yield msgspec.convert(values, File), b""
            elif fields := sealed.get(row["id"]):
                file = msgspec.convert(values | {"name": fields[_NAME]}, File)
                yield file, base64.b64decode(fields[_KEY])
