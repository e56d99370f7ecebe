"""Owners make, change, rotate and remove subscriptions."""

import threading

import pytest
from standardwebhooks import WebhookVerificationError

from city.db import check
from city.db.migrate import differences
from city.errors import Unknown as NoLetter
from city.outbox import letters
from city.webhooks import signing
from city.webhooks.errors import Stale, TooMany, Unknown
from city.webhooks.history import HISTORY
from city.webhooks.model import State, consumer
from city.webhooks.signing import headers
from contracts.errors import Refused
from contracts.instants import SECOND
from runtime.clock import System
from tests.city.drill import made, put
from tests.city.webhooks.receiver import Got, Receiver
from tests.city.webhooks.stage import Stage

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
    assert stage.do(stage.webhooks.page, owner="another") == []


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
    second = stage.do(stage.webhooks.change, new.id, revision=1, title="two", types=["*"], parallel=2)
    assert (second.revision, second.title, second.types, second.url) == (2, "two", ("*",), URL)
    with pytest.raises(Stale):
        stage.do(stage.webhooks.change, new.id, revision=1, url=URL + "2")
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
    stage.do(letters.park, letter)
    assert stage.told(new.id).letters == 1
    stage.do(stage.webhooks.remove, new.id)
    for step in (stage.webhooks.get, stage.webhooks.remove, stage.webhooks.test, stage.webhooks.rotate):
        with pytest.raises(Unknown):
            stage.do(step, new.id)
    assert stage.letters(new.id) == []
    with pytest.raises(NoLetter):
        stage.do(letters.get, 1)


def test_as_many_as_are_served(stage: Stage) -> None:
    few = stage.service(each=2, most=3)

    def add(owner: str) -> None:
        stage.do(few.add, owner=owner, owner_kind="app", url=URL)

    add("a")
    add("a")
    with pytest.raises(TooMany, match="2 of this owner"):
        add("a")
    add("b")
    with pytest.raises(TooMany, match="3 in all"):
        add("b")


def test_the_last_room_is_given_once(stage: Stage) -> None:
    few = stage.service(each=3)
    refused: list[TooMany] = []

    def add() -> None:
        try:
            stage.do(few.add, owner="a", owner_kind="app", url=URL)
        except TooMany as error:
            refused.append(error)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 5
    assert len(stage.do(stage.webhooks.page)) == 3


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
