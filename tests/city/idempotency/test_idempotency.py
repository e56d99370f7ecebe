"""What is sent twice with one key is done once, and answered alike."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select, text

from city.db import Database, check
from city.db.migrate import differences
from city.idempotency import (
    Answer,
    Claim,
    Idempotency,
    InProgress,
    Lost,
    Mismatch,
    Request,
    Settings,
    Unkept,
    parse,
)
from city.idempotency.history import HISTORY
from contracts.errors import Refused
from runtime.clock import Fake

made = Table("made_things", MetaData(), Column("n", Integer, primary_key=True), Column("name", String(40)))


@pytest.fixture
def things(db: Database) -> Database:
    with db.begin() as tx:
        made.create(tx)
    return db


def request(**changes: object) -> Request:
    usual = {"caller": "app-1", "key": "k1", "method": "POST", "target": "/api/v1/things", "body": b'{"a":1}'}
    return Request(**{**usual, **changes})  # type: ignore[arg-type]


def making(name: str = "x") -> Callable[[Connection], Answer]:
    def work(tx: Connection) -> Answer:
        tx.execute(insert(made).values(name=name))
        number = tx.execute(select(func.count()).select_from(made)).scalar()
        return Answer(status=201, headers=(("location", f"/{number}"),), body=f"{name} é".encode())

    return work


def count(db: Database) -> int:
    with db.read() as tx:
        return tx.execute(select(func.count()).select_from(made)).scalar_one()


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_the_same_request_is_done_once_and_answered_alike(things: Database, service: Idempotency) -> None:
    first = service.once(request(), making())
    second = service.once(request(), making("y"))
    assert (second.status, second.headers, second.body) == (first.status, first.headers, first.body)
    assert (first.again, second.again, count(things)) == (False, True, 1)


@pytest.mark.parametrize("change", [{"body": b"{}"}, {"target": "/api/v1/others"}, {"method": "PUT"}])
def test_one_key_for_another_request_is_refused(
    things: Database, service: Idempotency, change: dict[str, object]
) -> None:
    service.once(request(), making())
    with pytest.raises(Mismatch):
        service.once(request(**change), making())
    with pytest.raises(Mismatch):
        service.begin(request(**change))
    assert count(things) == 1


def test_another_caller_has_keys_of_his_own(things: Database, service: Idempotency) -> None:
    service.once(request(), making())
    assert not service.once(request(caller="app-2"), making()).again
    assert count(things) == 2


def test_what_fails_is_undone_and_may_be_tried_again(things: Database, service: Idempotency) -> None:
    def fail(tx: Connection) -> Answer:
        making()(tx)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        service.once(request(), fail)
    assert count(things) == 0
    assert not service.once(request(), making()).again


def test_work_with_transactions_of_its_own(things: Database, service: Idempotency) -> None:
    claim = service.begin(request())
    assert isinstance(claim, Claim)
    with pytest.raises(InProgress) as met:
        service.begin(request())
    assert met.value.after == 1.0
    with pytest.raises(Mismatch):
        service.begin(request(body=b"other"))
    service.finish(claim, Answer(status=201, body=b"made"))
    assert service.begin(request()) == Answer(status=201, body=b"made", again=True)
    service.release(claim)
    assert isinstance(service.begin(request()), Answer), "what is finished stays"


def test_a_claim_that_was_given_up_is_free(things: Database, service: Idempotency) -> None:
    claim = service.begin(request())
    assert isinstance(claim, Claim)
    service.release(claim)
    assert isinstance(service.begin(request(body=b"other")), Claim)


def test_who_lasts_too_long_loses_his_claim_and_what_he_did(
    things: Database, service: Idempotency, clock: Fake
) -> None:
    slow = service.begin(request())
    assert isinstance(slow, Claim)
    clock.advance(61)
    quick = service.begin(request())
    assert isinstance(quick, Claim)

    def late() -> None:
        with things.begin() as tx:
            service.keep(tx, slow, making("slow")(tx))

    with pytest.raises(Lost):
        late()
    service.release(slow)
    with things.begin() as tx:
        service.keep(tx, quick, making("quick")(tx))
    assert service.once(request(), making()).body == "quick é".encode()
    assert count(things) == 1


def test_a_key_is_known_for_a_day_and_then_forgotten(
    things: Database, service: Idempotency, clock: Fake
) -> None:
    service.once(request(), making())
    service.once(request(key="old"), making())
    clock.advance(86_399)
    assert service.forget() == 0
    assert service.once(request(), making()).again
    clock.advance(2)
    assert not service.once(request(), making()).again, "also before it is swept"
    assert service.forget() == 1
    with things.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM idempotency_requests")).scalar() == 1
        assert tx.execute(text("SELECT count(*) FROM privacy_records")).scalar() == 1


def test_neither_key_nor_answer_lies_in_clear(things: Database, service: Idempotency) -> None:
    def secret(_tx: Connection) -> Answer:
        return Answer(status=201, body=b"Siti Aminah")

    service.once(request(key="key-of-siti", body=b"+62812345"), secret)
    with things.read() as tx:
        names = ["idempotency_requests", "privacy_records", "privacy_fields"]
        rows = str([tx.execute(text(f"SELECT * FROM {name}")).all() for name in names])
    assert "Siti" not in rows
    assert "siti" not in rows
    assert "62812345" not in rows
    assert str(Mismatch()).count("siti") == 0


def test_an_answer_that_is_too_large_is_not_done_again(things: Database, service: Idempotency) -> None:
    service._settings = Settings(answer=10)
    service.once(request(), making("much too long"))
    with pytest.raises(Unkept):
        service.once(request(), making())
    assert count(things) == 1


@pytest.mark.parametrize("way", ["once", "begin"])
def test_of_64_at_once_exactly_one_is_done(things: Database, service: Idempotency, way: str) -> None:
    outcomes: Counter[str] = Counter()
    start = threading.Barrier(64)

    def submit() -> None:
        start.wait()
        try:
            if way == "once":
                found: Answer | Claim = service.once(request(), making())
            else:
                found = service.begin(request())
                if isinstance(found, Claim):
                    with things.begin() as tx:
                        answer = making()(tx)
                    service.finish(found, answer)
                    found = answer
        except InProgress:
            outcomes["in progress"] += 1
            return
        assert isinstance(found, Answer)
        outcomes["again" if found.again else "done"] += 1

    threads = [threading.Thread(target=submit) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes["done"] == 1
    assert outcomes.total() == 64
    assert count(things) == 1


@pytest.mark.parametrize(
    "text, key",
    [
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("8e03978e", "8e03978e"),
        (' "a b" ', "a b"),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert parse(text) == key


@pytest.mark.parametrize("text", ["", '""', '"a', 'a"', "a b", "a,b", "é", "x" * 201, "a\nb", '"a\\b"'])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse(text)


@given(st.text())
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = parse(text)
    except Refused:
        return
    assert key
    assert key.isascii()
    assert key.isprintable()
