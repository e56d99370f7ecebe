"""A person's own data: handed over, or erased."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from city.audit import Trail
from city.db import Database
from city.identity.caller import SYSTEM
from city.identity.contacts import Contact, ContactKind
from city.identity.errors import BadSignIn
from city.identity.model import PersonState
from city.identity.tables.people import contacts
from city.identity.wiring import Identity
from city.privacy import Subjects, Vault
from runtime import ids
from runtime.clock import Fake
from tests.city.identity.cast import HOME, Make, Sent

PHONE = Contact(kind=ContactKind.PHONE, address="+6281234567890")


@pytest.fixture
def subjects(db: Database, vault: Vault, clock: Fake, identity: Identity) -> Subjects:
    trail, factory = Trail(clock=clock), ids.factory(clock)
    return Subjects(db, vault=vault, trail=trail, clock=clock, ids=factory, hooks=[identity.hook])


def citizen(identity: Identity, sent: Sent) -> tuple[str, str]:
    asked = identity.codes.send(PHONE, HOME)
    opened = identity.codes.enter(asked.id, PHONE, sent.codes[-1][1], HOME)
    return opened.session.person, opened.token


def test_a_citizen_has_all_of_it_and_has_it_erased(
    identity: Identity, subjects: Subjects, sent: Sent, db: Database
) -> None:
    person, token = citizen(identity, sent)
    data = subjects.export(person, by=person).data["identity"]
    assert data["identity.contact"] == [{"address": PHONE.address}]
    assert [session.person for session in data["identity.session"]] == [person]
    report = subjects.erase(person, by=person)
    assert {part.kind: part.erased for part in report.parts["identity"]} == {
        "identity.person": 1,
        "identity.contact": 1,
        "identity.totp": 0,
        "identity.session": 1,
        "identity.account": 0,
    }
    assert identity.doors.caller(token) is None
    with db.read() as tx:
        assert tx.execute(select(func.count()).select_from(contacts)).scalar_one() == 0
    anew, _ = citizen(identity, sent)
    assert anew != person


def test_who_acted_for_the_city_stays_known_by_name(
    identity: Identity, subjects: Subjects, somebody: Make
) -> None:
    sri = somebody("sri", "tangi/officer")
    data = subjects.export(sri.id, by="system").data["identity"]
    assert sri.secret not in str(data)
    report = subjects.erase(sri.id, by="system")
    assert report.parts["identity"][0].kept == 1
    left = identity.people.get(SYSTEM, sri.id)
    assert (left.name, left.login, left.state) == ("Sri", "", PersonState.ERASED)
    assert identity.people.page(SYSTEM) == []
    assert identity.grants.of(sri.id) == []
    with pytest.raises(BadSignIn):
        sri.sign_in()


def test_nothing_of_them_lies_in_clear(identity: Identity, somebody: Make, sent: Sent, db: Database) -> None:
    citizen(identity, sent)
    sri = somebody("sri")
    if db.lite:
        db.close()
        folder = Path(db.address.database or "").parent
        kept = b"".join(path.read_bytes() for path in folder.glob("city.sqlite*"))
        for planted in (PHONE.address, PHONE.address[1:], sri.secret, sri.token):
            assert planted.encode() not in kept
        assert b"identity_people" in kept, "the scan sees what is there"
