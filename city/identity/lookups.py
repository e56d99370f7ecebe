"""Contacts under a new generation of the key of look-ups: people come in by their phones all the while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from city.identity.contacts import Contact, ContactKind
from city.identity.seals import CONTACT, Sealer
from city.identity.tables.people import contacts
from city.privacy import Vault
from city.privacy.errors import Damaged, KeyMissing
from city.privacy.lookups import Moved, Source


def _move(tx: Connection, vault: Vault, newest: str, after: Any, limit: int) -> Moved:
    sealer = Sealer(vault)
    query = select(contacts).where(contacts.c.generation != newest, contacts.c.id > (after or ""))
    query = query.order_by(contacts.c.id).limit(limit).with_for_update(skip_locked=True)
    rows = tx.execute(query).all()
    done, failed = 0, []
    for row in rows:
        try:
            address = sealer.open(tx, CONTACT, row.id)["address"]
        except (Damaged, KeyMissing, KeyError):
            failed.append(f"{CONTACT} {row.id}")
            continue
        digests = sealer.digests(tx, Contact(kind=ContactKind(row.kind), address=address))
        values = {"blind": digests.newest, "generation": digests.generation}
        claim = digests.newest if row.claim is not None else None
        tx.execute(update(contacts).where(contacts.c.id == row.id).values(**values, claim=claim))
        done += 1
    return Moved(done=done, last=rows[-1].id if rows else None, failed=tuple(failed))


def _count(tx: Connection) -> Mapping[str, int]:
    query = select(contacts.c.generation, func.count()).group_by(contacts.c.generation)
    return {row[0]: row[1] for row in tx.execute(query)}


CONTACTS: Final = Source(name="identity.contacts", move=_move, counts=_count)
