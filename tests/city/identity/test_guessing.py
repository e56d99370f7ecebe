"""Whoever guesses is slowed; whoever is honest comes in."""

from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import func, select

from city.db import Database
from city.identity.came import Came
from city.identity.errors import BadSignIn, TooMany
from city.identity.settings import Settings
from city.identity.tables.factors import throttles
from city.identity.wiring import Identity
from runtime.clock import Fake
from tests.city.identity.cast import HOME, PASSWORD, Make, at_once

AWAY = Came(address="198.51.100.9", agent="curl")
Noted = Callable[[], list[tuple[str, str, str]]]


def test_guessing_is_slowed(identity: Identity, somebody: Make, clock: Fake) -> None:
    somebody("sri")
    made: dict[str, int] = {}
    for login in ("sri", "nobody"):
        for _ in range(40):
            with pytest.raises((BadSignIn, TooMany)) as refused:
                identity.signin.password(login, "guess", AWAY)
            made[login] = made.get(login, 0) + (refused.type is BadSignIn)
            assert getattr(refused.value, "after", 0) <= 900
            clock.advance(90)
    assert made["sri"] < 20, "an hour of trying gives few tries"
    assert made["sri"] == made["nobody"]


def test_guesses_at_once_are_no_way_round(identity: Identity, somebody: Make) -> None:
    somebody("sri")
    _, refused = at_once(lambda _: identity.signin.password("sri", "guess", AWAY), 32)
    kinds = [type(error) for error in refused]
    assert kinds.count(BadSignIn) == 6, "five, and the one that began the wait"
    assert kinds.count(TooMany) == 26


def test_who_is_attacked_comes_in_from_his_own_device(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    home = msgspec.structs.replace(HOME, device=sri.sign_in().device)
    for _ in range(8):
        with pytest.raises((BadSignIn, TooMany)):
            identity.signin.password("sri", "guess", AWAY)
    with pytest.raises(TooMany):
        identity.signin.password("sri", PASSWORD, HOME)
    identity.signin.password("sri", PASSWORD, home)
    forged = msgspec.structs.replace(home, device=home.device[:-1] + "x")
    with pytest.raises(TooMany):
        identity.signin.password("sri", PASSWORD, forged)


def test_nobody_is_locked_out_for_ever(identity: Identity, somebody: Make, clock: Fake) -> None:
    sri = somebody("sri")
    for _ in range(12):
        with pytest.raises((BadSignIn, TooMany)):
            identity.signin.password("sri", "guess", AWAY)
        clock.advance(1_000)
    clock.advance(900)
    sri.sign_in()


def test_a_clock_that_was_wrong_binds_nobody(
    identity: Identity, somebody: Make, clock: Fake, db: Database
) -> None:
    sri = somebody("sri")
    clock.jump(10 * 365 * 86_400)
    for _ in range(7):
        with pytest.raises((BadSignIn, TooMany)):
            identity.signin.password("sri", "guess", HOME)
    clock.jump(-10 * 365 * 86_400)
    identity.signin.password("sri", PASSWORD, HOME)
    assert sri.caller.strong


def test_others_failures_at_one_address_slow_all_of_them_late(
    identity: Identity, somebody: Make, settings: Settings
) -> None:
    sri = somebody("sri")
    for number in range(settings.throttle.address):
        with pytest.raises(BadSignIn):
            identity.signin.password(f"guess{number}", "x", HOME)
    sri.sign_in()
    with pytest.raises(BadSignIn):
        identity.signin.password("guess", "x", HOME)
    with pytest.raises((TooMany, BadSignIn)):
        identity.signin.password("other", "x", HOME)
        identity.signin.password("another", "x", HOME)


def test_failures_are_remembered_in_bounded_rows(
    identity: Identity, db: Database, clock: Fake, settings: Settings
) -> None:
    from city.identity.sweep import sweep

    few = msgspec.structs.replace(settings, throttle=msgspec.structs.replace(settings.throttle, rows=10))
    for number in range(15):
        with pytest.raises(BadSignIn):
            identity.signin.password(f"guess{number}", "x", HOME)
        clock.advance(1)

    def rows() -> int:
        with db.read() as tx:
            return tx.execute(select(func.count()).select_from(throttles)).scalar_one()

    assert rows() == 16
    sweep(db, clock.now(), few)
    assert rows() == 10
    clock.advance(settings.throttle.forget + settings.throttle.most + 1)
    sweep(db, clock.now(), settings)
    assert rows() == 0


def test_after_a_quiet_hour_the_count_begins_anew(
    identity: Identity, somebody: Make, clock: Fake, settings: Settings
) -> None:
    somebody("sri")
    for _ in range(2):
        for _ in range(settings.throttle.account):
            with pytest.raises(BadSignIn):
                identity.signin.password("sri", "guess", AWAY)
        clock.advance(settings.throttle.forget)
