"""A session's life, whatever happens in whatever order."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule, run_state_machine_as_test

from city.db import Database
from city.identity import persons
from city.identity.caller import SYSTEM
from city.identity.came import Came
from city.identity.errors import Forbidden, Unknown
from city.identity.sessions import Method, Opened
from city.identity.settings import Settings
from city.identity.wiring import Identity
from runtime.clock import Fake
from tests.city.identity.cast import HOME, Make

SECOND = 1_000_000


class Book(msgspec.Struct):
    """What a session should do."""

    idle: int
    ends: int
    span: int
    seen: int
    over: bool = False


def machine(identity: Identity, db: Database, clock: Fake) -> type[RuleBasedStateMachine]:
    limits = identity.settings.sessions

    class Life(RuleBasedStateMachine):
        tokens = Bundle("tokens")

        def __init__(self) -> None:
            super().__init__()
            login = f"p{clock.now()}-{id(self)}"
            self.person = identity.people.invite(SYSTEM, name="Sri", login=login).person.id
            self.books: dict[str, Book] = {}
            self.ids: dict[str, str] = {}

        @rule(target=tokens, strong=st.booleans())
        def open(self, strong: bool) -> str:
            with db.begin() as tx:
                person = persons.get(tx, self.person)
                opened = identity.signin.open(tx, person, Method.PASSKEY, HOME, strong=strong)
            span = round((limits.idle if strong else limits.pending) * SECOND)
            ends = round((limits.ends if strong else limits.pending) * SECOND)
            now = clock.now()
            self.books[opened.token] = Book(idle=now + span, ends=now + ends, span=span, seen=now)
            self.ids[opened.token] = opened.session.id
            return opened.token

        @rule(seconds=st.sampled_from([1, 59, 61, 600, 1_700, 1_801, 30_000]))
        def wait(self, seconds: int) -> None:
            clock.advance(seconds)

        @rule(token=tokens)
        def visit(self, token: str) -> None:
            book, now = self.books[token], clock.now()
            alive = not book.over and now < book.idle and now < book.ends
            assert (identity.doors.caller(token) is not None) == alive
            if alive and now - book.seen >= 60 * SECOND:
                book.seen, book.idle = now, min(now + book.span, book.ends)

        @rule(token=consumes(tokens))
        def end(self, token: str) -> None:
            identity.doors.end(SYSTEM, self.ids[token])
            self.books[token].over = True
            assert identity.doors.caller(token) is None

        @rule()
        def end_all(self) -> None:
            identity.doors.end_all(SYSTEM, self.person)
            for book in self.books.values():
                book.over = True

        @rule()
        def look(self) -> None:
            now = clock.now()
            alive = {
                self.ids[token]
                for token, book in self.books.items()
                if not book.over and now < book.idle and now < book.ends
            }
            assert {session.id for session in identity.doors.of(SYSTEM, self.person)} == alive

    return Life


def test_a_sessions_life(identity: Identity, db: Database, clock: Fake) -> None:
    few = hypothesis(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(identity, db, clock), settings=few)


def test_a_revoked_session_is_nobodys_at_its_next_request(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri", "tangi/officer")
    first = sri.caller
    old = sri.token
    sri.sign_in()
    assert {session.id for session in identity.doors.of(sri.caller)} == {first.session, sri.caller.session}
    identity.doors.end(sri.caller, first.session)
    assert identity.doors.caller(old) is None
    assert identity.doors.end_all(sri.caller) == 0, "one's own session stays"
    assert sri.caller.strong


def test_nobody_ends_others_sessions(identity: Identity, somebody: Make) -> None:
    sri, budi = somebody("sri"), somebody("budi")
    steps: list[Callable[[], object]] = [
        lambda: identity.doors.end(sri.caller, budi.caller.session),
        lambda: identity.doors.end_all(sri.caller, budi.id),
        lambda: identity.doors.of(sri.caller, budi.id),
    ]
    for step in steps:
        with pytest.raises(Forbidden):
            step()
    with pytest.raises(Unknown):
        identity.doors.end(sri.caller, "nothing")


def test_a_session_keeps_little_of_whose_it_is(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    agent = "Mozilla\n\x1b[31m" + "x" * 500
    opened: Opened = sri.sign_in(Came(address="2001:db8:1:2:3::4", agent=agent))
    assert opened.session.address == "2001:db8:1::/48"
    assert len(opened.session.agent) <= 120
    assert opened.session.agent.isprintable()
    assert opened.token not in repr(opened)


@pytest.mark.parametrize(
    "address, source, network",
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("testclient", "", ""),
        ("", "", ""),
    ],
)
def test_where_somebody_comes_from(address: str, source: str, network: str) -> None:
    came = Came(address=address)
    assert (came.source, came.network) == (source, network)


def test_showing_the_factor_again_does_not_lengthen_a_session(
    identity: Identity, somebody: Make, clock: Fake, settings: Settings
) -> None:
    from city.identity.factors import FactorKind

    sri = somebody("sri")
    ends = sri.sign_in().session.ends
    clock.advance(1_000)
    again = identity.signin.second(sri.token, FactorKind.TOTP, sri.code(), HOME)
    assert again.session.ends == ends


def test_what_is_over_is_deleted_and_nothing_else(
    identity: Identity, somebody: Make, db: Database, clock: Fake, settings: Settings
) -> None:
    sri = somebody("sri")
    asked = [identity.people.invite(SYSTEM, name="X", login=f"x{number}").link for number in range(3)]
    assert identity.keeper.turn() == 0
    clock.advance(settings.sessions.ends + settings.sessions.keep + 1)
    sri.sign_in()
    assert identity.keeper.turn() >= 1 + len(asked), "the first session, and the links"
    assert identity.keeper.turn() == 0
    assert sri.caller.strong
