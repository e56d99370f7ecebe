"""Accounts of staff and partners, and their grants."""

from collections.abc import Callable

import pytest

from city.identity.caller import EVERYWHERE, SYSTEM, Grant
from city.identity.errors import BadSignIn, Forbidden, NotNow, Stale, Taken, Unknown
from city.identity.model import PersonKind, PersonState
from city.identity.wiring import Identity
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.identity.cast import HOME, Make, at_once

pytestmark = pytest.mark.usefixtures("units")
OFFICER = Grant(role="officer", programme="tangi", unit="dishub")


def test_a_login_is_one_persons(identity: Identity) -> None:
    made, refused = at_once(lambda _: identity.people.invite(SYSTEM, name="Sri", login="Sri"), 16)
    assert len(made) == 1
    assert made[0].person.login == "sri"
    assert {type(error) for error in refused} == {Taken}


def test_a_lost_update_is_refused(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    revision = identity.people.get(SYSTEM, sri.id).revision
    won, lost = at_once(lambda i: identity.people.change(SYSTEM, sri.id, revision, name=f"Sri {i}"))
    assert len(won) == 1
    assert {type(error) for error in lost} == {Stale}
    assert identity.people.get(SYSTEM, sri.id) == won[0]


def test_a_suspended_person_is_out_at_once(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri", "tangi/officer", unit="dishub")
    revision = identity.people.get(SYSTEM, sri.id).revision
    gone = identity.people.suspend(SYSTEM, sri.id, revision, why="left")
    assert identity.doors.caller(sri.token) is None
    with pytest.raises(BadSignIn):
        sri.sign_in()
    with pytest.raises(NotNow):
        identity.people.suspend(SYSTEM, sri.id, gone.revision, why="left")
    back = identity.people.reinstate(SYSTEM, sri.id, gone.revision, why="came back")
    assert back.state == PersonState.ACTIVE
    assert identity.doors.caller(sri.token) is None, "the old session stays over"
    sri.sign_in()
    assert sri.caller.may("tangi.incidents.work", unit="terminal")


def test_who_lost_the_phone_gets_a_new_way_in(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri", "tangi/officer", unit="dishub")
    old = sri.token
    link = identity.people.renew(SYSTEM, sri.id, why="phone lost")
    assert identity.doors.caller(old) is None
    with pytest.raises(BadSignIn):
        sri.sign_in()
    weak = identity.signin.link(link.token, HOME)
    by = identity.doors.caller(weak.token)
    assert by is not None
    assert not by.may("tangi.incidents.work"), "before the second factor nothing of staff's holds"
    assert weak.next == ("enrol",)


def test_the_newest_link_alone_works(identity: Identity) -> None:
    first = identity.people.invite(SYSTEM, name="Sri", login="sri")
    second = identity.people.renew(SYSTEM, first.person.id, why="link lost")
    assert not identity.signin.stands(first.link.token)
    with pytest.raises(BadSignIn):
        identity.signin.link(first.link.token, HOME)
    assert identity.signin.stands(second.token)
    identity.signin.link(second.token, HOME)
    assert not identity.signin.stands(second.token)


def test_nobody_gains_by_taking_over_who_has_more(identity: Identity, somebody: Make) -> None:
    chief = somebody("budi", "platform/admin", home="dishub")
    admin = somebody("sri", "platform/admin", unit="dishub").caller
    with pytest.raises(Forbidden, match="whole city"):
        identity.people.renew(admin, chief.id, why="let me in")
    helper = somebody("adi", "tangi/officer", unit="terminal", home="terminal")
    identity.people.renew(admin, helper.id, why="phone lost")
    with pytest.raises(Refused, match="somebody else"):
        identity.people.renew(admin, admin.id, why="me")


def test_who_manages_one_unit_sees_and_changes_no_other(identity: Identity, somebody: Make) -> None:
    admin = somebody("sri", "platform/admin", unit="dishub", home="dishub").caller
    fire = somebody("budi", home="damkar")
    near = somebody("adi", home="terminal")
    assert [person.login for person in identity.people.page(admin)] == ["adi", "sri"]
    calls: list[Callable[[], object]] = [
        lambda: identity.people.get(admin, fire.id),
        lambda: identity.people.change(admin, fire.id, 2, name="x"),
        lambda: identity.people.invite(admin, name="X", login="xx", unit="damkar"),
        lambda: identity.people.change(admin, near.id, 2, unit="damkar"),
        lambda: identity.grants.give(admin, near.id, Grant(role="officer", programme="tangi", unit="damkar")),
        lambda: identity.doors.end_all(admin, fire.id),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()
    identity.grants.give(admin, near.id, OFFICER)


def test_pages_miss_nobody(identity: Identity) -> None:
    for number in range(7):
        identity.people.invite(SYSTEM, name="Sri", login=f"sri{number}")
    seen = []
    after = None
    while page := identity.people.page(SYSTEM, after=after, limit=3):
        seen += [person.id for person in page]
        after = (page[-1].name, page[-1].id)
    assert len(set(seen)) == len(seen) == 7
    assert [one.login for one in identity.people.page(SYSTEM, text="sri3")] == ["sri3"]


def test_a_grant_counts_at_once_and_until_it_is_taken(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    assert not sri.caller.may("tangi.incidents.work")
    given = identity.grants.give(SYSTEM, sri.id, OFFICER)
    assert sri.caller.may("tangi.incidents.work", unit="terminal")
    assert not sri.caller.may("tangi.incidents.work", unit="damkar")
    identity.grants.take(SYSTEM, given.id)
    assert not sri.caller.may("tangi.incidents.work")
    with pytest.raises(Unknown):
        identity.grants.take(SYSTEM, given.id)


def test_a_grant_ends_by_itself(identity: Identity, somebody: Make, clock: Fake) -> None:
    sri = somebody("sri")
    identity.grants.give(SYSTEM, sri.id, OFFICER, until=clock.now() + 60_000_000)
    assert sri.caller.may("tangi.incidents.work")
    clock.advance(60)
    assert not sri.caller.may("tangi.incidents.work")
    with pytest.raises(Refused, match="over already"):
        identity.grants.give(SYSTEM, sri.id, OFFICER, until=clock.now())


def test_the_same_grant_again_is_the_same(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    given, errors = at_once(lambda _: identity.grants.give(SYSTEM, sri.id, OFFICER), 16)
    assert not errors
    assert len({one.id for one in given}) == 1


def test_what_cannot_be_given_is_refused(identity: Identity, somebody: Make) -> None:
    admin = somebody("budi", "platform/admin")
    sri = somebody("sri")

    def give(role: str, programme: str, unit: str = EVERYWHERE, to: str = sri.id) -> None:
        identity.grants.give(admin.caller, to, Grant(role=role, programme=programme, unit=unit))

    cases: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: give("diver", "tangi"), Unknown),
        (lambda: give("officer", "tangi", "nowhere"), Unknown),
        (lambda: give("officer", "tangi", to="nobody"), Unknown),
        (lambda: give("citizen", "wadul"), Refused),
        (lambda: give("operator", "platform", "dishub"), Refused),
        (lambda: give("operator", "platform", to=admin.id), Refused),
    ]
    for refused, error in cases:
        with pytest.raises(error):
            refused()


def test_citizens_are_not_invited(identity: Identity) -> None:
    with pytest.raises(Refused):
        identity.people.invite(SYSTEM, name="Sri", login="sri", kind=PersonKind.CITIZEN)


def test_everybody_chooses_his_own_language_and_nothing_else(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    revision = identity.people.get(sri.caller, sri.id).revision
    assert identity.people.change(sri.caller, sri.id, revision, language="en").language == "en"
    with pytest.raises(Forbidden):
        identity.people.change(sri.caller, sri.id, revision + 1, name="Queen")
    with pytest.raises(Refused):
        identity.people.change(sri.caller, sri.id, revision + 1, language="xx")
