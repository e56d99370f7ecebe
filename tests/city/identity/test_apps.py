"""Apps, their keys and tokens."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from city.db import Database
from city.identity.apps import App
from city.identity.caller import EVERYWHERE, SYSTEM, Grant, Kind
from city.identity.errors import BadSignIn, Forbidden, NotNow, OverQuota, Stale
from city.identity.keys import Key, Made
from city.identity.quotas import Quotas
from city.identity.tables.doors import keys
from city.identity.wiring import Identity
from contracts.errors import Refused
from contracts.instants import DAY
from runtime.clock import Fake
from tests.city.identity.cast import Make, at_once

READ = "tangi.incidents.read"
WORK = "tangi.incidents.work"
KEY = Key(
    id="k",
    app="a",
    prefix="p",
    label="",
    scopes=(),
    per_minute=12,
    per_day=1_000,
    made_by="",
    created=0,
    expires=DAY,
)


@pytest.fixture
def app(identity: Identity) -> App:
    """An app that may read and work, for the whole city."""
    made = identity.apps.add(SYSTEM, name="Dishub live")
    for role in ("reader", "officer"):
        identity.grants.give(SYSTEM, made.id, Grant(role=role, programme="tangi", unit=EVERYWHERE))
    return made


@pytest.fixture
def made(identity: Identity, app: App) -> Made:
    return identity.apps.make_key(SYSTEM, app.id, label="server", scopes=[READ])


def test_a_key_opens_what_grants_and_scopes_both_say(identity: Identity, app: App, made: Made) -> None:
    caller = identity.bearers.caller(made.secret)
    assert caller is not None
    assert (caller.kind, caller.id, caller.session) == (Kind.APP, app.id, made.key.id)
    assert caller.may(READ)
    assert not caller.may(WORK), "the app may, its key may not"
    for grant in identity.grants.of(app.id):
        identity.grants.take(SYSTEM, grant.id)
    caller = identity.bearers.caller(made.secret)
    assert caller is not None
    assert not caller.may(READ), "the key may, its app may not any more"


def test_a_key_is_kept_as_a_hash_and_known_by_its_prefix(
    identity: Identity, app: App, made: Made, db: Database
) -> None:
    with db.read() as tx:
        row = str(tx.execute(select(keys)).one())
    secret = made.secret.split("_", 2)[2]
    assert secret not in row
    assert secret not in repr(made)
    assert made.secret.startswith(f"imk_{made.key.prefix}_")
    (kept,) = identity.apps.get(SYSTEM, app.id)[1]
    assert kept.prefix in row


@pytest.mark.parametrize("harm", ["", "imk_", "imk_x_y", "imt_x", "Bearer x", "imk_\x00_", "x" * 100_000])
def test_what_is_no_key_opens_nothing(identity: Identity, made: Made, harm: str) -> None:
    assert identity.bearers.caller(harm) is None
    assert identity.bearers.caller(made.secret + "x") is None
    assert identity.bearers.caller(made.secret[:-1]) is None
    with pytest.raises(BadSignIn):
        identity.bearers.issue(made.key.app, harm)
    with pytest.raises(BadSignIn):
        identity.bearers.issue(harm, made.secret)


def test_a_key_ends(identity: Identity, app: App, clock: Fake) -> None:
    made = identity.apps.make_key(SYSTEM, app.id, label="trial", scopes=[READ], days=1)
    token = identity.bearers.issue(app.id, made.secret).access_token
    clock.advance(86_400)
    assert identity.bearers.caller(made.secret) is None
    assert identity.bearers.caller(token) is None


def test_a_revoked_key_ends_at_once_with_its_tokens(identity: Identity, app: App, made: Made) -> None:
    token = identity.bearers.issue(app.id, made.secret).access_token
    assert identity.bearers.caller(token) is not None
    identity.apps.revoke(SYSTEM, made.key.id, why="leaked")
    identity.apps.revoke(SYSTEM, made.key.id)
    assert identity.bearers.caller(made.secret) is None
    assert identity.bearers.caller(token) is None
    with pytest.raises(NotNow):
        identity.apps.rotate(SYSTEM, made.key.id, overlap=60)


def test_a_suspended_app_is_refused_at_once(identity: Identity, app: App, made: Made) -> None:
    gone = identity.apps.change(SYSTEM, app.id, 1, suspended=True)
    assert identity.bearers.caller(made.secret) is None
    with pytest.raises(BadSignIn):
        identity.bearers.issue(app.id, made.secret)
    with pytest.raises(NotNow):
        identity.apps.make_key(SYSTEM, app.id, label="x", scopes=[READ])
    with pytest.raises(Stale):
        identity.apps.change(SYSTEM, app.id, 1, suspended=False)
    identity.apps.change(SYSTEM, app.id, gone.revision, suspended=False)
    assert identity.bearers.caller(made.secret) is not None


def test_a_rotated_key_works_for_a_while(identity: Identity, made: Made, clock: Fake) -> None:
    new = identity.apps.rotate(SYSTEM, made.key.id, overlap=3_600)
    assert identity.bearers.caller(new.secret) is not None
    assert identity.bearers.caller(made.secret) is not None
    assert new.key.scopes == made.key.scopes
    clock.advance(3_600)
    assert identity.bearers.caller(made.secret) is None
    assert identity.bearers.caller(new.secret) is not None


def test_one_of_all_who_rotate_a_key_does(identity: Identity, made: Made) -> None:
    won, lost = at_once(lambda _: identity.apps.rotate(SYSTEM, made.key.id, overlap=60))
    assert len(won) == 1
    assert {type(error) for error in lost} == {NotNow}


def test_a_token_has_what_was_asked_for(identity: Identity, app: App, clock: Fake) -> None:
    made = identity.apps.make_key(SYSTEM, app.id, label="both", scopes=[READ, WORK])
    issued = identity.bearers.issue(app.id, made.secret, READ)
    assert (issued.scope, issued.expires_in, issued.token_type) == (READ, 3_600, "Bearer")
    caller = identity.bearers.caller(issued.access_token)
    assert caller is not None
    assert caller.may(READ)
    assert not caller.may(WORK)
    assert issued.access_token not in repr(issued)
    clock.advance(3_600)
    assert identity.bearers.caller(issued.access_token) is None
    with pytest.raises(Refused, match=r"audit\.read"):
        identity.bearers.issue(app.id, made.secret, f"{READ} audit.read")


@pytest.mark.parametrize("scopes", [[], ["tangi.nothing"], ["identity.people.manage"], [READ, ""]])
def test_scopes_that_no_app_has_are_refused(identity: Identity, app: App, scopes: list[str]) -> None:
    with pytest.raises(Refused):
        identity.apps.make_key(SYSTEM, app.id, label="x", scopes=scopes)


def test_an_app_gives_itself_no_more(identity: Identity, app: App) -> None:
    with pytest.raises(Refused, match="no app"):
        identity.grants.give(SYSTEM, app.id, Grant(role="admin", programme="platform", unit=EVERYWHERE))


def test_the_keys_of_an_app_are_bounded(identity: Identity, app: App) -> None:
    made = [identity.apps.make_key(SYSTEM, app.id, label="x", scopes=[READ]) for _ in range(10)]
    with pytest.raises(Refused, match="at most 10"):
        identity.apps.make_key(SYSTEM, app.id, label="x", scopes=[READ])
    identity.apps.revoke(SYSTEM, made[0].key.id)
    identity.apps.make_key(SYSTEM, app.id, label="x", scopes=[READ])


@pytest.mark.usefixtures("units")
def test_who_manages_one_unit_manages_no_other_units_apps(
    identity: Identity, somebody: Make, app: App, made: Made
) -> None:
    admin = somebody("sri", "platform/admin", unit="dishub").caller
    own = identity.apps.add(admin, name="Terminal board", unit="terminal")
    assert [one.id for one in identity.apps.list(admin)] == [own.id]
    steps: list[Callable[[], object]] = [
        lambda: identity.apps.get(admin, app.id),
        lambda: identity.apps.make_key(admin, app.id, label="x", scopes=[READ]),
        lambda: identity.apps.rotate(admin, made.key.id, overlap=1),
        lambda: identity.apps.revoke(admin, made.key.id),
    ]
    for step in steps:
        with pytest.raises(Forbidden):
            step()


def test_a_rate_is_kept(identity: Identity, app: App, clock: Fake) -> None:
    made = identity.apps.make_key(SYSTEM, app.id, label="slow", scopes=[READ], per_minute=3)
    for _ in range(3):
        identity.bearers.caller(made.secret)
    with pytest.raises(OverQuota) as refused:
        identity.bearers.caller(made.secret)
    assert refused.value.after == pytest.approx(20)
    clock.advance(20)
    identity.bearers.caller(made.secret)


@pytest.mark.parametrize("per_day", [1, 7, 250])
def test_all_processes_together_keep_to_the_day(
    identity: Identity, app: App, db: Database, clock: Fake, per_day: int
) -> None:
    made = identity.apps.make_key(
        SYSTEM, app.id, label="x", scopes=[READ], per_day=per_day, per_minute=600_000
    )
    processes = [Quotas(db, clock=clock) for _ in range(4)]

    def spend(number: int) -> int:
        let = 0
        for _ in range(per_day):
            try:
                processes[number % 4].spend(made.key)
            except OverQuota:
                break
            let += 1
        return let

    let, errors = at_once(spend, 8)
    assert not errors
    assert sum(let) == per_day
    clock.advance(86_400)
    processes[0].spend(made.key)


@given(st.lists(st.sampled_from([0, 1, 5, 60]), max_size=60))
def test_a_rate_lets_no_more_through_than_it_says(pauses: list[int]) -> None:
    clock = Fake()
    quotas = Quotas(Database("sqlite:///unused"), clock=clock)
    quotas._bucket(KEY).left, quotas._bucket(KEY).day = 1_000, clock.now() // DAY * DAY  # set aside
    let = 0
    for pause in pauses:
        clock.advance(pause)
        try:
            quotas.spend(KEY)
        except OverQuota:
            continue
        let += 1
    assert let <= 12 + sum(pauses) / 5
