"""Passkeys, by an authenticator in software."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from city.db import Database
from city.identity.caller import SYSTEM
from city.identity.errors import BadSignIn, Taken
from city.identity.factors import FactorKind
from city.identity.model import PersonState
from city.identity.sweep import sweep
from city.identity.wiring import Identity
from runtime.clock import Fake
from tests.city.identity.authenticator import Authenticator
from tests.city.identity.cast import HOME, PASSWORD, Make, Somebody, at_once


def add(identity: Identity, sri: Somebody, phone: Authenticator) -> None:
    asked = identity.passkeys.ask_new(sri.caller)
    identity.passkeys.add(sri.caller, asked.id, phone.register(asked.options), label="phone")


def test_a_touch_lets_in(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri", "tangi/officer")
    phone = Authenticator()
    add(identity, sri, phone)
    asked = identity.passkeys.ask()
    opened = identity.passkeys.show(asked.id, phone.show(asked.options), HOME)
    caller = identity.doors.caller(opened.token)
    assert caller is not None
    assert (caller.id, caller.strong) == (sri.id, True)
    assert caller.may("tangi.incidents.work")
    kinds = [factor.kind for factor in identity.credentials.factors(caller)]
    assert kinds == [FactorKind.TOTP, FactorKind.PASSKEY]


def test_it_is_a_second_factor_after_the_password(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    phone = Authenticator()
    add(identity, sri, phone)
    first = identity.signin.password("sri", PASSWORD, HOME)
    assert first.next == ("totp", "passkey")
    asked = identity.passkeys.ask(first.token)
    assert asked.options["allowCredentials"]
    opened = identity.passkeys.show(asked.id, phone.show(asked.options), HOME, first.token)
    assert opened.session.id == first.session.id
    assert identity.doors.caller(first.token) is None


def test_a_first_passkey_makes_an_invited_person_active(identity: Identity) -> None:
    invited = identity.people.invite(SYSTEM, name="Sri", login="sri")
    opened = identity.signin.link(invited.link.token, HOME)
    by = identity.doors.caller(opened.token)
    assert by is not None
    asked = identity.passkeys.ask_new(by)
    strong = identity.passkeys.add(by, asked.id, Authenticator().register(asked.options), label="key")
    assert strong is not None
    assert strong.session.strong is not None
    assert identity.people.get(SYSTEM, by.id).state == PersonState.ACTIVE


@pytest.mark.parametrize("counts", [True, False])
def test_one_of_all_who_send_an_answer_gets_in(identity: Identity, somebody: Make, counts: bool) -> None:
    sri = somebody("sri")
    phone = Authenticator(counts=counts)
    add(identity, sri, phone)
    asked = identity.passkeys.ask()
    answer = phone.show(asked.options)
    won, lost = at_once(lambda _: identity.passkeys.show(asked.id, answer, HOME))
    assert len(won) == 1
    assert {type(error) for error in lost} == {BadSignIn}


def test_anothers_passkey_is_no_second_factor(identity: Identity, somebody: Make) -> None:
    sri, budi = somebody("sri"), somebody("budi")
    key, other = Authenticator(), Authenticator()
    add(identity, sri, key)
    add(identity, budi, other)
    first = identity.signin.password("sri", PASSWORD, HOME)
    asked = identity.passkeys.ask(first.token)
    with pytest.raises(BadSignIn):
        identity.passkeys.show(asked.id, other.show(asked.options), HOME, first.token)


def test_what_is_not_ours_is_refused(identity: Identity, somebody: Make, clock: Fake) -> None:
    sri = somebody("sri")
    phone = Authenticator()
    add(identity, sri, phone)

    def show(key: Authenticator, wait: float = 0, forged: str = "") -> None:
        asked = identity.passkeys.ask()
        answer = key.show(asked.options)
        clock.advance(wait)
        identity.passkeys.show(forged or asked.id, answer, HOME)

    stranger, elsewhere, untouched = Authenticator(), Authenticator(), Authenticator(verifies=False)
    for twin in (elsewhere, untouched):
        twin.id, twin._key = phone.id, phone._key
        twin.count = 10
    elsewhere.origin = "https://evil.example"
    behind = Authenticator()
    behind.id, behind._key = phone.id, phone._key
    phone.count = 20
    show(phone)
    for attempt in (
        {"key": stranger},
        {"key": elsewhere},
        {"key": untouched},
        {"key": behind},
        {"key": phone, "wait": 301},
        {"key": phone, "forged": "00.1790000000000000.x"},
        {"key": phone, "forged": "nonsense"},
    ):
        with pytest.raises(BadSignIn):
            show(**attempt)
    show(phone)


def test_a_challenge_for_one_thing_is_good_for_no_other(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    asked = identity.passkeys.ask()
    fresh = identity.passkeys.ask_new(sri.caller)
    phone = Authenticator()
    answer = phone.register(fresh.options | {"challenge": asked.options["challenge"]})
    with pytest.raises(BadSignIn):
        identity.passkeys.add(sri.caller, asked.id, answer, label="phone")


def test_a_passkey_is_one_persons(identity: Identity, somebody: Make) -> None:
    sri, budi = somebody("sri"), somebody("budi")
    phone = Authenticator()
    add(identity, sri, phone)
    with pytest.raises(Taken):
        add(identity, budi, phone)


def test_a_suspended_person_stays_out(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    phone = Authenticator()
    add(identity, sri, phone)
    revision = identity.people.get(SYSTEM, sri.id).revision
    identity.people.suspend(SYSTEM, sri.id, revision, why="left")
    asked = identity.passkeys.ask()
    with pytest.raises(BadSignIn):
        identity.passkeys.show(asked.id, phone.show(asked.options), HOME)


def test_answered_challenges_are_swept(identity: Identity, somebody: Make, db: Database, clock: Fake) -> None:
    add(identity, somebody("sri"), Authenticator())
    clock.advance(301)
    assert sweep(db, clock.now(), identity.settings)["challenges"] == 1


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=20).map(bytes.hex),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
_response = st.fixed_dictionaries(
    {},
    optional={
        name: st.text("ABCdef012_-", max_size=40) | _json
        for name in ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")
    },
)


def test_whatever_a_browser_sends_is_refused(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    phone = Authenticator()
    add(identity, sri, phone)
    caller = sri.caller

    @hypothesis(max_examples=30, database=None)
    @given(_response, _json, st.booleans())
    def send(response: dict[str, Any], other: Any, known: bool) -> None:
        asked = identity.passkeys.ask()
        real = phone.show(asked.options)
        answer = (real if known else {"id": other, "rawId": other}) | {"response": response, "type": other}
        with pytest.raises(BadSignIn):
            identity.passkeys.show(asked.id, answer, HOME)
        fresh = identity.passkeys.ask_new(caller)
        with pytest.raises(BadSignIn):
            identity.passkeys.add(caller, fresh.id, answer, label="x")

    send()
