"""Citizens come in by their phones before, while and after the key of look-ups is rotated."""

import pytest
from sqlalchemy import select

from city.db import Database
from city.identity.contacts import Contact, ContactKind
from city.identity.lookups import CONTACTS
from city.identity.tables.people import contacts, people
from city.identity.wiring import Identity
from city.privacy import Vault, lookups
from runtime.clock import Fake
from tests.city.identity.cast import HOME, Sent

PHONES = [f"+6281234567{number}" for number in range(890, 894)]


def enter(identity: Identity, sent: Sent, phone: str) -> str:
    contact = Contact(kind=ContactKind.PHONE, address=phone)
    asked = identity.codes.send(contact, HOME)
    return identity.codes.enter(asked.id, contact, sent.codes[-1][1], HOME).session.person


def test_a_phone_lets_the_same_person_in_all_the_while(
    identity: Identity, sent: Sent, db: Database, vault: Vault, clock: Fake
) -> None:
    first = [enter(identity, sent, phone) for phone in PHONES]
    pending = Contact(kind=ContactKind.PHONE, address=PHONES[0])
    asked = identity.codes.send(pending, HOME)  # on its way while the key changes
    code = sent.codes[-1][1]
    with db.read() as tx:
        before = set(tx.execute(select(contacts.c.blind)).scalars())

    def cut(count: int) -> None:
        if count == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lookups.rotate(db, vault, [CONTACTS], clock, batch=2, told=cut)
    assert [enter(identity, sent, phone) for phone in PHONES] == first
    with db.read() as tx:
        found = [identity.subjects.find(tx, phone) for phone in PHONES]
    assert [one.id for one in found if one] == first
    done = lookups.rotate(db, vault, [CONTACTS], clock)
    assert (done.resumed, done.moved, done.left, done.failed) == (True, 2, 0, ())
    assert [enter(identity, sent, phone) for phone in PHONES] == first
    assert identity.codes.enter(asked.id, pending, code, HOME).session.person == first[0]
    with db.read() as tx:
        after = set(tx.execute(select(contacts.c.blind)).scalars())
        assert tx.execute(select(contacts.c.claim).where(contacts.c.claim != contacts.c.blind)).all() == []
        assert len(tx.execute(select(people)).all()) == len(PHONES), "nobody came in twice"
    assert len(after) == len(PHONES)
    assert not before & after
