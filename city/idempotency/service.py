"""Claim a request, keep its answer, give it again.

`once` does the work, keeps its answer and closes the claim in one transaction: exactly once, whatever is
killed. `begin` and `finish` stand around work that has transactions of its own: where a process dies between
the work and `finish`, the claim runs out and the work may be done again. `keep` in the work's own transaction
prevents that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from city.db import Database
from city.errors import Unavailable
from city.idempotency.errors import InProgress, Lost, Mismatch, Unkept
from city.idempotency.model import Answer, Claim, Request
from city.idempotency.settings import Settings
from city.idempotency.tables import requests
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_log: Final = logging.getLogger(__name__)
_KIND: Final = "idempotency.answer"
_SOON: Final = 1.0  # seconds after which whoever met work in progress may ask again
_AT_ONCE: Final = 200  # rows deleted in one transaction


class Keys(Protocol):
    """Keyed hashes: city.privacy's keys."""

    def mac(self, purpose: str, message: bytes) -> bytes: ...


class Vault(Protocol):
    """Where answers are kept: city.privacy's vault."""

    def seal(
        self, tx: Connection, *, kind: str, record: str, subject: str, fields: Mapping[str, Any]
    ) -> None: ...
    def open(self, tx: Connection, kind: str, record: str) -> dict[str, Any]: ...
    def forget(self, tx: Connection, kind: str, record: str) -> bool: ...


class Idempotency:
    """Shared by all threads."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        vault: Vault,
        keys: Keys,
        settings: Settings | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._vault = vault
        self._keys = keys
        self._settings = settings or Settings()

    def once(self, request: Request, work: Callable[[Connection], Answer]) -> Answer:
        """Answer of the work, which is done in this transaction or was done before.

        Raises InProgress, Mismatch, Unkept, and what the work raises: then nothing was done or kept.
        """
        with self._db.begin() as tx:
            found = self._claim(tx, request)
            if isinstance(found, Answer):
                return found
            answer = work(tx)
            self.keep(tx, found, answer)
            return answer

    def begin(self, request: Request) -> Claim | Answer:
        """The claim where work is to be done, else its answer. Raises InProgress, Mismatch, Unkept."""
        with self._db.begin() as tx:
            return self._claim(tx, request)

    def keep(self, tx: Connection, claim: Claim, answer: Answer) -> None:
        """Close the claim in the transaction of the work. Raises Lost, which must undo the work."""
        fits = len(answer.body) <= self._settings.answer
        now = self._clock.now()
        values = {"done": True, "kept": fits, "expires": now + round(self._settings.keep * SECOND)}
        mine = (requests.c.id == claim.id) & (requests.c.token == claim.token) & requests.c.done.is_(False)
        if tx.execute(update(requests).where(mine).values(values)).rowcount != 1:
            raise Lost
        if fits:
            fields = {"answer": msgspec.to_builtins(answer)}
            self._vault.seal(tx, kind=_KIND, record=claim.id, subject="", fields=fields)

    def finish(self, claim: Claim, answer: Answer) -> None:
        """Close the claim after work that had its own transactions. Raises Lost."""
        with self._db.begin() as tx:
            self.keep(tx, claim, answer)

    def release(self, claim: Claim) -> None:
        """Nothing was done: the next request with this key may try."""
        with self._db.begin() as tx:
            mine = (requests.c.id == claim.id) & (requests.c.token == claim.token)
            tx.execute(delete(requests).where(mine & requests.c.done.is_(False)))

    def forget(self) -> int:
        """Delete what is too old; how many."""
        gone = 0
        old = select(requests.c.id).where(requests.c.expires <= self._clock.now()).limit(_AT_ONCE)
        while True:
            with self._db.begin() as tx:
                ids = tx.execute(old.with_for_update(skip_locked=True)).scalars().all()
                tx.execute(delete(requests).where(requests.c.id.in_(ids)))
                for record in ids:
                    self._vault.forget(tx, _KIND, record)
            gone += len(ids)
            if len(ids) < _AT_ONCE:
                return gone

    async def run(self) -> None:
        """Delete what is too old, for ever."""
        while True:
            await asyncio.sleep(self._settings.sweep)
            try:
                await asyncio.to_thread(self.forget)
            except Unavailable as error:
                _log.warning("old idempotency keys stay for now: %s", error)

    def _claim(self, tx: Connection, request: Request) -> Claim | Answer:
        mine = self._keys.mac("idempotency/key", f"{request.caller}\n{request.key}".encode()).hex()
        parts = (request.method.encode(), request.target.encode(), request.body)
        fingerprint = self._keys.mac("idempotency/request", b"\n".join(parts)).hex()
        now = self._clock.now()
        if (
            not self._db.lite
            and not tx.execute(select(func.pg_try_advisory_xact_lock(_number(mine)))).scalar()
        ):
            raise InProgress(after=_SOON)  # another transaction has it: waiting would hold connections
        row = tx.execute(select(requests).where(requests.c.id == mine)).one_or_none()
        claim = Claim(id=mine, token=self._ids())
        new = {
            "fingerprint": fingerprint,
            "token": claim.token,
            "until": now + round(self._settings.patience * SECOND),
            "done": False,
            "kept": False,
            "expires": now + round(self._settings.keep * SECOND),
        }
        if row is not None and row.expires > now:
            if row.fingerprint != fingerprint:
                raise Mismatch
            if row.done:
                return self._kept(tx, row)
            if row.until > now:
                raise InProgress(after=_SOON)
        if not tx.execute(update(requests).where(requests.c.id == mine).values(new)).rowcount:
            tx.execute(insert(requests).values(id=mine, **new))
        return claim

    def _kept(self, tx: Connection, row: Row[Any]) -> Answer:
        if not row.kept:
            raise Unkept
        found = self._vault.open(tx, _KIND, row.id)["answer"]
        return msgspec.convert({**found, "again": True}, Answer)


def _number(text: str) -> int:
    """Hash in hex → the number of a lock."""
    return int.from_bytes(bytes.fromhex(text[:16]), "big", signed=True)
