"""Accounts at the city's sign-on."""

import pytest

from city.identity.caller import SYSTEM
from city.identity.errors import Again, BadSignIn, Taken, Unknown
from city.identity.model import PersonState
from city.identity.wiring import Identity
from tests.city.identity.cast import HOME, Make, at_once

SSO = "https://sso.cirebonkota.go.id"


def test_a_linked_account_lets_in(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri", "tangi/officer")
    identity.accounts.link(sri.caller, SSO, "7")
    opened = identity.accounts.sign_in(SSO, "7", HOME, strong=True)
    caller = identity.doors.caller(opened.token)
    assert caller is not None
    assert caller.may("tangi.incidents.work")
    assert [account.subject for account in identity.accounts.of(sri.caller)] == ["7"]
    weak = identity.accounts.sign_in(SSO, "7", HOME, strong=False)
    assert weak.next == ("totp",)
    half = identity.doors.caller(weak.token)
    assert half is not None
    with pytest.raises(Again):
        identity.passkeys.ask_new(half)
    assert not half.may("tangi.incidents.work")
    identity.accounts.unlink(sri.caller, SSO, "7")
    with pytest.raises(BadSignIn):
        identity.accounts.sign_in(SSO, "7", HOME, strong=True)
    with pytest.raises(Unknown):
        identity.accounts.unlink(sri.caller, SSO, "7")


def test_an_account_is_one_persons(identity: Identity, somebody: Make) -> None:
    callers = [somebody(f"p{number}").caller for number in range(8)]
    won, lost = at_once(lambda i: identity.accounts.link(callers[i], SSO, "7"), 8)
    assert len(won) == 1
    assert {type(error) for error in lost} == {Taken}


def test_a_trusted_issuer_names_staff_when_they_first_come(identity: Identity) -> None:
    sri = identity.people.invite(SYSTEM, name="Sri", login="sri@cirebonkota.go.id").person
    with pytest.raises(BadSignIn):
        identity.accounts.sign_in(SSO, "7", HOME, strong=True)
    opened, errors = at_once(
        lambda _: identity.accounts.sign_in(SSO, "7", HOME, strong=True, login="Sri@Cirebonkota.go.id"), 8
    )
    assert not errors
    assert {one.session.person for one in opened} == {sri.id}
    assert identity.people.get(SYSTEM, sri.id).state == PersonState.ACTIVE
    with pytest.raises(BadSignIn):
        identity.accounts.sign_in(SSO, "8", HOME, strong=True, login="sri@cirebonkota.go.id")


def test_a_first_factor_may_be_added_after_it(identity: Identity) -> None:
    identity.people.invite(SYSTEM, name="Sri", login="sri")
    opened = identity.accounts.sign_in(SSO, "7", HOME, strong=False, login="sri")
    assert opened.next == ("enrol",)
    by = identity.doors.caller(opened.token)
    assert by is not None
    identity.passkeys.ask_new(by)


def test_a_suspended_person_stays_out(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    identity.accounts.link(sri.caller, SSO, "7")
    revision = identity.people.get(SYSTEM, sri.id).revision
    identity.people.suspend(SYSTEM, sri.id, revision, why="left")
    with pytest.raises(BadSignIn):
        identity.accounts.sign_in(SSO, "7", HOME, strong=True)
