"""Citizens come in by a one-time code."""

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import func, select

from city.db import Database
from city.identity.caller import SYSTEM, Grant
from city.identity.came import Came
from city.identity.contacts import Contact, ContactKind, masked, normal, typed
from city.identity.errors import BadSignIn, TooMany
from city.identity.seals import CONTACT
from city.identity.settings import Settings
from city.identity.tables.factors import codes
from city.identity.tables.people import contacts, people
from city.identity.wiring import Identity
from city.privacy import Vault
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.identity.cast import HOME, Sent, at_once

PHONE = Contact(kind=ContactKind.PHONE, address="0812 3456 7890")
KEPT = "+6281234567890"


def count(db: Database) -> int:
    with db.read() as tx:
        return tx.execute(select(func.count()).select_from(people)).scalar_one()


def test_a_code_makes_an_account_and_the_next_finds_it(
    identity: Identity, sent: Sent, db: Database, vault: Vault
) -> None:
    asked = identity.codes.send(PHONE, HOME)
    address, code = sent.codes[-1]
    assert (address, asked.sent_to) == (KEPT, "+62•••890")
    opened = identity.codes.enter(asked.id, PHONE, code, HOME)
    caller = identity.doors.caller(opened.token)
    assert caller is not None
    assert caller.citizen
    assert caller.may("wadul.reports.follow")
    assert not caller.may("tangi.incidents.work")
    again = identity.codes.send(typed("+62 812-3456-7890"), HOME)
    second = identity.codes.enter(again.id, PHONE, sent.codes[-1][1], HOME)
    assert second.session.person == opened.session.person
    assert count(db) == 1
    with db.read() as tx:
        row = tx.execute(select(contacts)).one()
        assert vault.open(tx, CONTACT, row.id) == {"address": KEPT}
        assert KEPT not in str(row)


def test_a_citizen_gets_no_role_of_staffs(identity: Identity, sent: Sent) -> None:
    asked = identity.codes.send(PHONE, HOME)
    citizen = identity.codes.enter(asked.id, PHONE, sent.codes[-1][1], HOME).session.person
    with pytest.raises(Refused, match="staff"):
        identity.grants.give(SYSTEM, citizen, Grant(role="officer", programme="tangi", unit=""))
    identity.grants.give(SYSTEM, citizen, Grant(role="reader", programme="tangi", unit=""))
    assert identity.people.page(SYSTEM) == [], "citizens are in no list"


def test_one_of_all_who_have_the_code_gets_in(identity: Identity, sent: Sent, settings: Settings) -> None:
    asked = identity.codes.send(PHONE, HOME)
    code = sent.codes[-1][1]
    won, lost = at_once(lambda _: identity.codes.enter(asked.id, PHONE, code, HOME))
    assert len(won) == 1
    assert {type(error) for error in lost} == {BadSignIn}


def test_two_codes_of_one_new_contact_make_one_account(identity: Identity, sent: Sent, db: Database) -> None:
    asked = [identity.codes.send(PHONE, HOME).id for _ in range(4)]
    both, errors = at_once(lambda i: identity.codes.enter(asked[i], PHONE, sent.codes[i][1], HOME), 4)
    assert not errors
    assert len({opened.session.person for opened in both}) == 1
    assert count(db) == 1


def test_guesses_at_once_are_counted(identity: Identity, sent: Sent, db: Database) -> None:
    asked = identity.codes.send(PHONE, HOME)
    code = sent.codes[-1][1]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    won, _ = at_once(lambda _: identity.codes.enter(asked.id, PHONE, wrong, HOME), 32)
    assert not won
    with db.read() as tx:
        assert tx.execute(select(codes.c.tries)).scalar_one() == 5
    with pytest.raises(BadSignIn):
        identity.codes.enter(asked.id, PHONE, code, HOME)


def test_a_code_is_good_for_its_own_contact_alone(identity: Identity, sent: Sent) -> None:
    asked = identity.codes.send(PHONE, HOME)
    other = Contact(kind=ContactKind.PHONE, address="0813 1111 2222")
    with pytest.raises(BadSignIn):
        identity.codes.enter(asked.id, other, sent.codes[-1][1], HOME)


def test_sending_is_slowed_for_others_and_not_for_the_owner(identity: Identity, sent: Sent) -> None:
    asked = identity.codes.send(PHONE, HOME)
    opened = identity.codes.enter(asked.id, PHONE, sent.codes[-1][1], HOME)
    away = Came(address="198.51.100.9")
    for _ in range(6):
        identity.codes.send(PHONE, away)
    with pytest.raises(TooMany):
        identity.codes.send(PHONE, away)
    identity.codes.send(PHONE, msgspec.structs.replace(HOME, device=opened.device))
    assert len(sent.codes) == 8


def test_a_suspended_citizen_stays_out(identity: Identity, sent: Sent) -> None:
    asked = identity.codes.send(PHONE, HOME)
    opened = identity.codes.enter(asked.id, PHONE, sent.codes[-1][1], HOME)
    identity.people.suspend(SYSTEM, opened.session.person, 1, why="abuse")
    assert identity.doors.caller(opened.token) is None
    again = identity.codes.send(PHONE, HOME)
    with pytest.raises(BadSignIn):
        identity.codes.enter(again.id, PHONE, sent.codes[-1][1], HOME)


@pytest.mark.parametrize("text", ["", "12", "0812", "not@", "@x", "a" * 999, "+999123456789", "0812\0345"])
def test_what_is_no_contact_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(Refused) as refused:
        normal(typed(text))
    assert refused.value.value == "(not shown)"


@pytest.mark.parametrize(
    "text, kept, shown",
    [
        ("0812-3456-7890", KEPT, "+62•••890"),
        ("6281234567890", KEPT, "+62•••890"),
        (" Sri@Example.GO.ID ", "sri@example.go.id", "s•••@example.go.id"),
    ],
)
def test_one_form_for_all_ways_of_writing(text: str, kept: str, shown: str) -> None:
    found = normal(typed(text))
    assert found.address == kept
    assert masked(kept) == shown
    assert kept not in repr(found)


def machine(identity: Identity, sent: Sent, clock: Fake) -> type[RuleBasedStateMachine]:
    limits = identity.settings.codes

    class Life(RuleBasedStateMachine):
        asked = Bundle("asked")

        def __init__(self) -> None:
            super().__init__()
            self.books: dict[str, list[int]] = {}  # tries left, expires
            self.codes: dict[str, str] = {}

        @rule(target=asked)
        def send(self) -> str:
            clock.advance(901)  # whatever waited has waited
            made = identity.codes.send(PHONE, HOME)
            self.books[made.id] = [limits.tries, clock.now() + round(limits.lasts * 1_000_000)]
            self.codes[made.id] = sent.codes[-1][1]
            return made.id

        @rule(one=asked, right=st.booleans())
        def enter(self, one: str, right: bool) -> None:
            book, code = self.books[one], self.codes[one]
            works = right and book[0] > 0 and clock.now() < book[1]
            book[0] = 0 if works else book[0] - 1
            typed_in = code if right else f"{(int(code) + 7) % 1_000_000:06d}"
            if works:
                identity.codes.enter(one, PHONE, typed_in, HOME)
            else:
                with pytest.raises(BadSignIn):
                    identity.codes.enter(one, PHONE, typed_in, HOME)

        @rule(seconds=st.sampled_from([1, 300, 599]))
        def wait(self, seconds: int) -> None:
            clock.advance(seconds)

    return Life


def test_a_codes_life(identity: Identity, sent: Sent, clock: Fake) -> None:
    few = hypothesis(
        max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine(identity, sent, clock), settings=few)
