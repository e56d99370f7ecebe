"""Owners make, change, rotate and remove subscriptions."""

import threading

import msgspec
import pytest
from standardwebhooks import WebhookVerificationError

from city.audit import Filters, page
from city.db import Database, check, metadata
from city.db.migrate import differences
from city.errors import Outdated
from city.errors import Unknown as NoLetter
from city.identity import persons
from city.identity.caller import Caller, Kind
from city.identity.history import HISTORY as IDENTITY
from city.identity.model import Person, PersonKind, PersonState
from city.identity.roles import Catalogue, Role
from city.identity.tables import doors, people
from city.outbox import letters
from city.privacy import Outcome
from city.webhooks import signing
from city.webhooks.ears import Holders
from city.webhooks.errors import TooMany, Unknown
from city.webhooks.history import HISTORY
from city.webhooks.model import State, consumer
from city.webhooks.service import MANAGE, OWN
from city.webhooks.signing import headers
from city.webhooks.subjects import hook
from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.judgements import Text
from runtime.clock import Fake, System
from tests.city.drill import made, put
from tests.city.webhooks.receiver import Got, Receiver
from tests.city.webhooks.stage import APP, HEAR, Stage

READ = "tangi.incidents.read"
OTHER = msgspec.structs.replace(APP, id="app-2")
DEAF = msgspec.structs.replace(APP, id="app-3", reach={OWN: None})
MANAGER = Caller(kind=Kind.PERSON, id="boss", name="Sri", strong=True, reach={OWN: None, MANAGE: None})
URL = "https://apps.example.org/hook"


def test_migrations_make_what_the_code_declares(stage: Stage) -> None:
    check(stage.db, [HISTORY])
    assert differences(stage.db, HISTORY) == []


def test_a_new_one_begins_now_or_where_it_says(stage: Stage) -> None:
    put(stage.db, made())
    new, secret = stage.add(URL, title="Aplikasi", types=["thing.made"])
    old, _ = stage.add(URL, after=0)
    told = stage.told(new.id)
    assert told.subscription == new
    assert (new.state, new.revision, new.types, told.letters) == (State.ACTIVE, 1, ("thing.made",), 0)
    assert stage.place(old.id).position == 0
    assert secret.startswith("whsec_")
    assert [one.subscription.id for one in stage.do(stage.webhooks.page)] == [new.id, old.id]


def test_the_secret_lies_nowhere_in_clear(stage: Stage) -> None:
    _, secret = stage.add(URL)
    with stage.db.read() as tx:
        rows = [row for table in HISTORY.tables for row in tx.execute(table.select())]
    assert len(rows) == 2
    assert secret[6:] not in str(rows)


@pytest.mark.parametrize(
    "options",
    [
        {"types": ["Thing.made"]},
        {"types": ["other.made"]},
        {"types": ["webhook.disabled"]},
        {"types": ["thing.*.x"]},
        {"types": ["thing.made"] * 50},
        {"parallel": 0},
        {"title": "x" * 121},
        {"title": "a\nb"},
        {"after": -1},
        {"url": "https://10.0.0.1/"},
    ],
)
def test_what_cannot_be_is_refused(stage: Stage, options: dict[str, object]) -> None:
    with pytest.raises(Refused):
        stage.add(**{"url": URL, **options})  # type: ignore[arg-type]
    assert stage.do(stage.webhooks.page) == []


def test_only_the_newest_revision_is_changed(stage: Stage) -> None:
    new, _ = stage.add(URL)
    second = stage.do(stage.webhooks.change, new.id, seen=1, title="two", types=["thing.made"], parallel=2)
    assert (second.revision, second.title, second.types, second.url) == (2, "two", ("thing.made",), URL)
    with pytest.raises(Outdated):
        stage.do(stage.webhooks.change, new.id, seen=1, url=URL + "2")
    assert stage.told(new.id).subscription == second


def test_pause_and_go_on(stage: Stage) -> None:
    new, _ = stage.add(URL)
    assert stage.do(stage.webhooks.pause, new.id, reason="moving house").state is State.PAUSED
    assert stage.told(new.id).subscription.reason == "moving house"
    assert stage.do(stage.webhooks.activate, new.id).state is State.ACTIVE
    assert stage.told(new.id).subscription.reason == ""


def test_a_removed_one_is_gone_with_its_letters_and_its_secret(stage: Stage) -> None:
    new, _ = stage.add(URL)
    letter = letters.Letter(
        consumer=consumer(new.id),
        position=1,
        type="thing.made",
        subject="",
        event="{}",
        attempts=1,
        error="",
        parked=1,
    )
    with stage.db.begin() as tx:
        letters.park(tx, letter)
    assert stage.told(new.id).letters == 1
    stage.do(stage.webhooks.remove, new.id)
    for step in (stage.webhooks.get, stage.webhooks.remove, stage.webhooks.test, stage.webhooks.rotate):
        with pytest.raises(Unknown):
            stage.do(step, new.id)
    assert stage.letters(new.id) == []
    with pytest.raises(NoLetter), stage.db.read() as tx:
        letters.get(tx, 1)


def test_as_many_as_are_served(stage: Stage) -> None:
    few = stage.service(each=2, most=3)
    stage.do(few.add, url=URL)
    stage.do(few.add, url=URL)
    with pytest.raises(TooMany, match="2 of this owner"):
        stage.do(few.add, url=URL)
    stage.do(few.add, url=URL, by=OTHER)
    with pytest.raises(TooMany, match="3 in all"):
        stage.do(few.add, url=URL, by=OTHER)


def test_the_last_room_is_given_once(stage: Stage) -> None:
    few = stage.service(each=3)
    refused: list[TooMany] = []

    def add() -> None:
        try:
            stage.do(few.add, url=URL)
        except TooMany as error:
            refused.append(error)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 5
    assert len(stage.do(stage.webhooks.page)) == 3


def test_to_others_it_does_not_exist_but_to_who_may_manage(stage: Stage) -> None:
    new, _ = stage.add(URL)
    steps = stage.webhooks
    for step in (
        steps.get,
        steps.pause,
        steps.activate,
        steps.rotate,
        steps.remove,
        steps.test,
        steps.replay,
    ):
        with pytest.raises(Unknown):
            stage.do(step, new.id, by=OTHER)
    assert stage.do(steps.page, by=OTHER) == []
    assert stage.do(steps.page, by=OTHER, all_=True) == []
    assert stage.do(steps.page, by=MANAGER) == []
    (seen,) = stage.do(steps.page, by=MANAGER, all_=True)
    assert seen.subscription == new
    assert stage.do(steps.pause, new.id, by=MANAGER, reason="too many").state is State.PAUSED


def test_one_may_ask_for_what_one_may_hear_alone(stage: Stage) -> None:
    with pytest.raises(Refused, match=r"you need things\.all\.hear"):
        stage.add(URL, DEAF, types=["thing.made"])
    with pytest.raises(Refused, match="no events"):
        stage.add(URL, DEAF)
    new, _ = stage.add(URL)
    assert new.types == ("thing.*",), "what he may hear now, and not all that he may once"


def test_every_step_is_noted(stage: Stage) -> None:
    new, _ = stage.add(URL)
    stage.do(stage.webhooks.change, new.id, seen=None, title="x")
    stage.do(stage.webhooks.pause, new.id, reason="moving", by=MANAGER)
    stage.do(stage.webhooks.activate, new.id)
    stage.do(stage.webhooks.rotate, new.id)
    stage.do(stage.webhooks.rewind, new.id, after=0)
    stage.do(stage.webhooks.replay, new.id)
    stage.do(stage.webhooks.remove, new.id)
    with stage.db.read() as tx:
        noted = page(tx, Filters(kind="webhook", record=new.id))[::-1]
    actions = ["added", "changed", "paused", "active", "rotated", "rewound", "replayed", "removed"]
    assert [one.action for one in noted] == actions
    assert (noted[1].fields, noted[2].by, noted[2].why) == (("title",), "boss", "moving")


def test_a_person_is_handed_what_he_has_and_it_is_erased(stage: Stage) -> None:
    mine, _ = stage.add(URL, msgspec.structs.replace(MANAGER, reach={HEAR: None}))
    app, _ = stage.add(URL, msgspec.structs.replace(APP, id="boss"))
    asked = hook(stage.vault)
    with stage.db.begin() as tx:
        assert asked.export(tx, "nobody") == {}
        assert asked.export(tx, "boss") == {"webhook": [mine]}
        assert asked.erase(tx, "boss") == (Outcome(kind="webhook", erased=1),)
        assert asked.export(tx, "boss") == {}
    assert stage.told(app.id).subscription == app


@pytest.mark.parametrize(
    "kind, state, held",
    [
        ("app", "active", {READ}),
        ("app", "suspended", None),
        ("person", "active", {READ}),
        ("app", "none", None),
    ],
)
def test_what_owners_hold(city_url: str, clock: Fake, kind: str, state: str, held: set[str] | None) -> None:
    """By their grants of this moment; nothing where they may not act."""
    db = Database(city_url)
    role = Role(name="reader", programme="tangi", permissions=(READ,), title=Text(id="", en=""))
    with db.begin() as tx:
        metadata.create_all(tx, tables=IDENTITY.tables)
        if kind == "app" and state != "none":
            tx.execute(
                doors.apps.insert().values(
                    id="x", name="x", unit="", state=state, revision=1, created=1, updated=1
                )
            )
        if kind == "person":
            person = Person(
                id="x",
                kind=PersonKind.STAFF,
                state=PersonState.ACTIVE,
                revision=1,
                name="x",
                login="x",
                unit="",
                language="id",
                created=1,
                updated=1,
            )
            tx.execute(people.people.insert().values(persons.columns(person)))
        given = {"id": "g", "holder": "x", "programme": "tangi", "role": "reader", "unit": ""}
        tx.execute(people.grants.insert().values(**given, given=1, given_by="y", until=None))
    with db.read() as tx:
        assert Holders(Catalogue([role]), clock)(tx, kind, "x") == held
    db.close()


def test_signatures_are_those_of_the_standard() -> None:
    secrets = [signing.secret(), signing.secret(), signing.secret()]
    made = headers(secrets[:2], key="k1", body='{"é": 1}', now=System().now())
    got = Got("/", made, '{"é": 1}'.encode())
    for secret in secrets[:2]:
        Receiver().verify(got, secret)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Receiver().verify(got, secrets[2])
    later = headers(secrets[:1], key="k1", body="{}", now=System().now() + 400 * SECOND)
    with pytest.raises(WebhookVerificationError, match="too new"):
        Receiver().verify(Got("/", later, b"{}"), secrets[0])
