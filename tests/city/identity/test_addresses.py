"""Phones and mailboxes that people add to their accounts."""

import pytest

from city.db import Database
from city.identity.caller import Caller
from city.identity.contacts import Contact, ContactKind
from city.identity.errors import Again, BadSignIn, NotNow, Taken, Unknown
from city.identity.seals import CONTACT
from city.identity.wiring import Identity
from city.privacy import Vault
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.identity.cast import HOME, Make, Sent, at_once

PHONE = Contact(kind=ContactKind.PHONE, address="+6281234567890")
MAIL = Contact(kind=ContactKind.EMAIL, address="Sri@Example.GO.ID")


def come(identity: Identity, sent: Sent, contact: Contact) -> Caller:
    asked = identity.codes.send(contact, HOME)
    opened = identity.codes.enter(asked.id, contact, sent.codes[-1][1], HOME)
    found = identity.doors.caller(opened.token)
    assert found is not None
    return found


def add(identity: Identity, sent: Sent, by: Caller, contact: Contact) -> None:
    asked = identity.addresses.ask(by, contact, HOME)
    identity.addresses.confirm(by, asked.id, contact, sent.codes[-1][1], HOME)


def test_a_citizen_comes_in_by_what_he_added(identity: Identity, sent: Sent) -> None:
    sri = come(identity, sent, PHONE)
    add(identity, sent, sri, MAIL)
    assert come(identity, sent, MAIL).id == sri.id
    kept = [(one.kind, one.address, one.sign_in) for one in identity.addresses.of(sri)]
    assert sorted(kept) == [("email", "sri@example.go.id", True), ("phone", PHONE.address, True)]
    assert PHONE.address not in repr(identity.addresses.of(sri))


def test_staff_are_told_by_it_and_do_not_come_in(
    identity: Identity, sent: Sent, somebody: Make, db: Database, vault: Vault
) -> None:
    sri = somebody("sri")
    add(identity, sent, sri.caller, PHONE)
    (one,) = identity.addresses.of(sri.caller)
    assert not one.sign_in
    assert come(identity, sent, PHONE).id != sri.id, "it makes a citizen's account, not staff's session"
    identity.addresses.remove(sri.caller, one.id)
    with db.read() as tx:
        assert vault.held(tx, CONTACT, one.id) is None
    with pytest.raises(Unknown):
        identity.addresses.remove(sri.caller, one.id)


def test_a_code_for_one_purpose_is_good_for_no_other(identity: Identity, sent: Sent, somebody: Make) -> None:
    sri, budi = somebody("sri").caller, somebody("budi").caller
    asked = identity.addresses.ask(sri, PHONE, HOME)
    code = sent.codes[-1][1]
    with pytest.raises(BadSignIn):
        identity.codes.enter(asked.id, PHONE, code, HOME)
    with pytest.raises(Refused):
        identity.addresses.confirm(budi, asked.id, PHONE, code, HOME)
    with pytest.raises(Refused):
        identity.addresses.confirm(sri, asked.id, MAIL, code, HOME)
    identity.addresses.confirm(sri, asked.id, PHONE, code, HOME)


def test_what_lets_one_citizen_in_lets_in_no_other(identity: Identity, sent: Sent) -> None:
    come(identity, sent, PHONE)
    budi = come(identity, sent, MAIL)
    with pytest.raises(Taken):
        add(identity, sent, budi, PHONE)
    with pytest.raises(Refused, match="yours already"):
        add(identity, sent, budi, MAIL)


def test_the_last_way_in_stays(identity: Identity, sent: Sent) -> None:
    sri = come(identity, sent, PHONE)
    with pytest.raises(NotNow):
        identity.addresses.remove(sri, identity.addresses.of(sri)[0].id)
    add(identity, sent, sri, MAIL)
    both = [one.id for one in identity.addresses.of(sri)]
    gone, kept = at_once(lambda i: identity.addresses.remove(sri, both[i]), 2)
    assert len(gone) == 1
    assert [type(error) for error in kept] == [NotNow]


def test_who_came_in_long_ago_comes_in_again_first(
    identity: Identity, sent: Sent, somebody: Make, clock: Fake
) -> None:
    callers = [come(identity, sent, PHONE), somebody("sri").caller]
    clock.advance(901)
    for caller in callers:
        with pytest.raises(Again):
            identity.addresses.ask(caller, MAIL, HOME)
