"""Coming in: password, second factor, one-time link; and what keeps others out."""

from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import select, update

from city.db import Database
from city.identity.caller import SYSTEM, Caller
from city.identity.came import Came
from city.identity.errors import Again, BadSignIn, NotNow
from city.identity.factors import FactorKind
from city.identity.passwords import Hasher
from city.identity.settings import Settings
from city.identity.tables.factors import passwords
from city.identity.wiring import Identity
from contracts.errors import Refused
from runtime.clock import Fake
from tests.city.identity.cast import CHEAP, HOME, PASSWORD, Make, Somebody, at_once

AWAY = Came(address="198.51.100.9", agent="curl")
Noted = Callable[[], list[tuple[str, str, str]]]


def weak(identity: Identity, login: str = "sri") -> Caller:
    found = identity.doors.caller(identity.signin.password(login, PASSWORD, HOME).token)
    assert found is not None
    return found


def test_password_and_code_let_in(identity: Identity, somebody: Make, noted: Noted) -> None:
    sri = somebody("sri", "tangi/officer")
    first = identity.signin.password("Sri ", PASSWORD, HOME)
    assert first.next == ("totp",)
    half = identity.doors.caller(first.token)
    assert half is not None
    assert not half.strong
    assert not half.may("tangi.incidents.work")
    strong = identity.signin.second(first.token, FactorKind.TOTP, sri.code(), HOME)
    assert identity.doors.caller(first.token) is None, "the token before the second factor opens nothing"
    caller = identity.doors.caller(strong.token)
    assert caller is not None
    assert caller.may("tangi.incidents.work")
    assert noted()[-1] == (sri.id, "session.opened", strong.session.id)


def test_what_is_wrong_is_not_told(identity: Identity, somebody: Make, noted: Noted) -> None:
    sri = somebody("sri")
    answers = set()
    for login, password in (("sri", "wrong"), ("nobody", PASSWORD), ("", ""), ("sri", "x" * 100_000)):
        with pytest.raises(BadSignIn) as refused:
            identity.signin.password(login, password, HOME)
        answers.add(str(refused.value))
    assert len(answers) == 1
    assert [by for by, action, _ in noted() if action == "session.refused"].count(sri.id) == 2


def test_an_unknown_account_is_as_much_work(
    identity: Identity, somebody: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody("sri")
    hashed: list[str | None] = []
    verify = Hasher.verify

    def counted(self: Hasher, kept: str | None, password: str) -> bool:
        hashed.append(kept or self._dummy())
        return verify(self, kept, password)

    monkeypatch.setattr(Hasher, "verify", counted)
    for login in ("sri", "nobody"):
        with pytest.raises(BadSignIn):
            identity.signin.password(login, "wrong password", HOME)
    known, unknown = (text.rpartition("$")[0].rpartition("$")[0] for text in map(str, hashed))
    assert known == unknown, "the parameters are the same"


def test_one_of_all_who_open_a_link_gets_in(identity: Identity) -> None:
    link = identity.people.invite(SYSTEM, name="Sri", login="sri").link
    won, lost = at_once(lambda _: identity.signin.link(link.token, HOME))
    assert len(won) == 1
    assert {type(error) for error in lost} == {BadSignIn}


def test_a_link_ends(identity: Identity, clock: Fake, settings: Settings) -> None:
    link = identity.people.invite(SYSTEM, name="Sri", login="sri").link
    clock.advance(settings.link)
    assert not identity.signin.stands(link.token)
    with pytest.raises(BadSignIn):
        identity.signin.link(link.token, HOME)
    assert link.address("https://imm.example/") == f"https://imm.example/link/{link.token}"


def test_one_of_all_who_have_a_code_gets_in(
    identity: Identity, somebody: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sri = somebody("sri")
    patient = msgspec.structs.replace(identity.signin._settings.throttle, account=1_000, address=1_000)
    monkeypatch.setattr(
        identity.signin, "_settings", msgspec.structs.replace(identity.settings, throttle=patient)
    )
    tokens = [identity.signin.password("sri", PASSWORD, HOME).token for _ in range(32)]
    code = sri.code()
    won, lost = at_once(lambda i: identity.signin.second(tokens[i], FactorKind.TOTP, code, HOME), 32)
    assert len(won) == 1
    assert {type(error) for error in lost} == {BadSignIn}


def test_a_code_is_taken_once_and_not_after_a_later_one(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    early = sri.code()
    sri.sign_in()
    for code in (early, "", "12345", "abcdef", "\uff11" * 6):
        token = identity.signin.password("sri", PASSWORD, HOME).token
        with pytest.raises(BadSignIn):
            identity.signin.second(token, FactorKind.TOTP, code, HOME)
        sri.sign_in()


def test_recovery_codes_are_taken_once(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    codes = identity.recoveries.renew(sri.caller)
    assert len(set(codes)) == 10

    def enter(code: str) -> None:
        first = identity.signin.password("sri", PASSWORD, HOME)
        assert first.next == ("totp", "recovery")
        identity.signin.second(first.token, FactorKind.RECOVERY, code, HOME)

    enter(codes[0].upper().replace("-", " "))
    with pytest.raises(BadSignIn):
        enter(codes[0])
    newer = identity.recoveries.renew(sri.caller)
    with pytest.raises(BadSignIn):
        enter(codes[1])
    enter(newer[0])


def test_a_password_is_hashed_anew_when_the_parameters_change(
    identity: Identity, somebody: Make, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sri = somebody("sri")

    def kept() -> str:
        with db.read() as tx:
            return str(tx.execute(select(passwords.c.hash)).scalar_one())

    assert "t=1," in kept()
    monkeypatch.setattr(identity.signin, "_hasher", Hasher(msgspec.structs.replace(CHEAP, passes=2)))
    with pytest.raises(BadSignIn):
        identity.signin.password("sri", "wrong password", HOME)
    assert "t=1," in kept()
    sri.sign_in()
    assert "t=2," in kept()
    sri.sign_in()


def test_an_account_that_changed_meanwhile_is_not_let_in(
    identity: Identity, somebody: Make, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody("sri")
    verify = Hasher.verify

    def slow(self: Hasher, kept: str | None, password: str) -> bool:
        with db.begin() as tx:
            tx.execute(update(passwords).values(hash="$argon2id$other"))
        return verify(self, kept, password)

    monkeypatch.setattr(Hasher, "verify", slow)
    with pytest.raises(BadSignIn):
        identity.signin.password("sri", PASSWORD, HOME)


@pytest.mark.parametrize("password", ["short", "a" * 12, "abab" * 4, "sri budiarti", "x" * 201])
def test_a_poor_password_is_refused_and_not_shown(identity: Identity, somebody: Make, password: str) -> None:
    caller = somebody("sri").caller
    with pytest.raises(Refused) as refused:
        identity.credentials.set_password(caller, password)
    assert password not in str(refused.value)


def test_a_new_password_ends_the_other_sessions(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    other = sri.token
    sri.sign_in()
    identity.credentials.set_password(sri.caller, "another 7 am train")
    assert identity.doors.caller(other) is None
    assert sri.caller.strong
    with pytest.raises(BadSignIn):
        identity.signin.password("sri", PASSWORD, HOME)


def test_what_hurts_if_stolen_wants_the_second_factor_again(
    identity: Identity, somebody: Make, clock: Fake
) -> None:
    sri = somebody("sri")
    clock.advance(901)
    steps: list[Callable[[], object]] = [
        lambda: identity.credentials.set_password(sri.caller, "another 7 am train"),
        lambda: identity.authenticators.begin(sri.caller, label="other"),
        lambda: identity.recoveries.renew(sri.caller),
        lambda: identity.passkeys.ask_new(sri.caller),
        lambda: identity.accounts.link(sri.caller, "https://sso.example", "7"),
    ]
    for step in steps:
        with pytest.raises(Again):
            step()
    sri.token = identity.signin.second(sri.token, FactorKind.TOTP, sri.code(), HOME).token
    for step in steps:
        step()


def test_a_password_alone_adds_no_factor(identity: Identity, somebody: Make) -> None:
    somebody("sri")
    with pytest.raises(Again):
        identity.authenticators.begin(weak(identity), label="mine")


def test_the_last_factor_stays(identity: Identity, somebody: Make) -> None:
    sri: Somebody = somebody("sri")
    first = identity.credentials.factors(sri.caller)[0]
    with pytest.raises(NotNow):
        identity.credentials.remove(sri.caller, first.id)
    enrolment = identity.authenticators.begin(sri.caller, label="tablet")
    sri.secret = enrolment.secret
    identity.authenticators.confirm(sri.caller, enrolment.id, sri.code())
    both = [factor.id for factor in identity.credentials.factors(sri.caller)]
    gone, kept = at_once(lambda i: identity.credentials.remove(sri.caller, both[i]), 2)
    assert len(gone) == 1
    assert [type(error) for error in kept] == [NotNow]


def test_signing_out_ends_it(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri")
    identity.signin.out(sri.token)
    identity.signin.out(sri.token)
    assert identity.doors.caller(sri.token) is None
