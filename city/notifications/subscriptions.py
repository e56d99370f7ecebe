"""Browsers that take pushes for a person; their addresses are secrets, and kept sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from city.notifications.errors import NoVault, Unknown
from city.notifications.tables import pushes
from city.privacy import Vault
from contracts.errors import Refused
from runtime.clock import Clock
from runtime.ids import Factory

KIND: Final = "notifications.push"  # of the records that the vault keeps for us
_MOST: Final = 10  # browsers a person; the oldest goes
_LONGEST: Final = 2_000  # characters of an address


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Where one browser takes pushes, as its PushSubscription says."""

    endpoint: str
    p256dh: str
    auth: str


class Subscriptions:
    """Keeps subscriptions. A call takes part in the caller's transaction."""

    def __init__(
        self, *, clock: Clock, ids: Factory, hosts: Sequence[str], vault: Vault | None = None
    ) -> None:
        """`hosts`: push services that browsers may name, as patterns."""
        self._clock = clock
        self._ids = ids
        self._hosts = hosts
        self._vault = vault

    def add(self, tx: Connection, person: str, found: Subscription) -> str:
        """Keep a browser's subscription; its id. One that another person had in it is his no more.

        Raises Refused, Erased, NoVault.
        """
        self._check(found)
        if self._vault is None:
            raise NoVault
        mark = hashlib.sha256(found.endpoint.encode()).hexdigest()
        self._drop(tx, pushes.c.mark == mark)
        id_ = self._ids()
        self._vault.seal(tx, kind=KIND, record=id_, subject=person, fields=msgspec.structs.asdict(found))
        values = {"id": id_, "person": person, "mark": mark, "added": self._clock.now()}
        tx.execute(insert(pushes).values(values))
        mine = (
            select(pushes.c.id)
            .where(pushes.c.person == person)
            .order_by(pushes.c.added.desc(), pushes.c.id.desc())
        )
        old = tx.execute(mine.offset(_MOST)).scalars().all()
        if old:
            self._drop(tx, pushes.c.id.in_(old))
        return id_

    def remove(self, tx: Connection, person: str, subscription: str) -> None:
        """Forget one. Raises Unknown: also where it is somebody else's."""
        mine = (pushes.c.id == subscription) & (pushes.c.person == person)
        if not self._drop(tx, mine):
            raise Unknown("subscription", subscription)

    def of(self, tx: Connection, person: str) -> Mapping[str, Subscription]:
        """A person's subscriptions by id; without those that were erased."""
        if self._vault is None:
            return {}
        query = select(pushes.c.id).where(pushes.c.person == person).order_by(pushes.c.added)
        found = self._vault.open_many(tx, KIND, tx.execute(query).scalars().all())
        return {id_: msgspec.convert(fields, Subscription) for id_, fields in found.items()}

    def any(self, tx: Connection, person: str) -> bool:
        """Whether a person has a browser that takes pushes."""
        return tx.execute(select(pushes.c.id).where(pushes.c.person == person).limit(1)).first() is not None

    def gone(self, tx: Connection, ids: Sequence[str]) -> None:
        """Forget those whose browser is no more."""
        self._drop(tx, pushes.c.id.in_(ids))

    def forget(self, tx: Connection, person: str) -> int:
        """Forget all of a person's; how many."""
        return self._drop(tx, pushes.c.person == person)

    def _drop(self, tx: Connection, which: ColumnElement[bool]) -> int:
        gone = tx.execute(delete(pushes).where(which).returning(pushes.c.id)).scalars().all()
        for id_ in gone:
            if self._vault is not None:
                self._vault.forget(tx, KIND, id_)
        return len(gone)

    def _check(self, found: Subscription) -> None:
        """We go where browsers say: only to push services. Raises Refused."""
        parts = urlsplit(found.endpoint)
        host = (parts.hostname or "").lower()
        if len(found.endpoint) > _LONGEST or not any(fnmatchcase(host, pattern) for pattern in self._hosts):
            raise Refused(
                "endpoint", host, "is no push service that we know (setting notifications.push.hosts)"
            )
        if parts.scheme != "https" and host != "127.0.0.1":
            raise Refused("endpoint", parts.scheme, "https is needed")
        if parts.username or not 40 <= len(found.p256dh) <= 200 or not 10 <= len(found.auth) <= 100:
            raise Refused("keys", "(hidden)", "are not those of a PushSubscription")
