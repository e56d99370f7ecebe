"""A person looks at what was given up, and has it taken again."""

import pytest

from city.db import Database
from city.errors import Later, Unknown
from city.outbox import Deliverer, Handler, letters
from city.outbox.letters import Letter
from contracts.cloudevents import CloudEvent
from tests.city.drill import log, made, put, relaying, until, writing, written


@pytest.fixture
def books(db: Database) -> Database:
    with db.begin() as tx:
        log.create(tx)
    return db


def keep(db: Database, consumer: str, *positions: int) -> None:
    with db.begin() as tx:
        for position in positions:
            letters.park(
                tx,
                Letter(
                    consumer=consumer,
                    position=position,
                    type="thing.made",
                    subject="x" * 300,
                    event="{}",
                    attempts=5,
                    error="no",
                    parked=position,
                ),
            )


def kept(db: Database, consumer: str = "") -> list[Letter]:
    with db.read() as tx:
        return letters.page(tx, consumer=consumer)


def ask(db: Database, **what: object) -> int:
    with db.begin() as tx:
        return letters.ask(tx, now=7, **what)  # type: ignore[arg-type]


def test_letters_are_listed_a_page_at_a_time(db: Database) -> None:
    keep(db, "a", 1, 2, 3)
    keep(db, "b", 1)
    with db.read() as tx:
        first = letters.page(tx, limit=3)
        (last,) = letters.page(tx, after=first[-1].id)
        assert letters.get(tx, last.id) == last
        assert letters.count(tx) == {"a": 3, "b": 1}
        with pytest.raises(Unknown, match="letter 99"):
            letters.get(tx, 99)
    assert [letter.position for letter in first] == [1, 2, 3]
    assert (last.consumer, len(last.subject)) == ("b", 200)


def test_the_same_again_replaces_what_was_kept(db: Database) -> None:
    keep(db, "a", 1)
    ask(db, consumer="a")
    keep(db, "a", 1)
    (letter,) = kept(db)
    assert letter.asked is None


def test_one_some_or_all_from_a_position_are_asked_for(db: Database) -> None:
    keep(db, "a", 1, 2, 3, 4)
    keep(db, "b", 1)
    assert ask(db, consumer="a", since=3) == 2
    with db.read() as tx:
        assert [letter.position for letter in letters.asked(tx, "a")] == [3, 4]
        assert letters.waiting(tx) == ["a"]
    assert ask(db, ids=[kept(db)[0].id]) == 1
    with pytest.raises(Unknown):
        ask(db, ids=[kept(db, "b")[0].id, 99])
    with pytest.raises(ValueError, match="whose"):
        ask(db)
    with db.read() as tx:
        assert [letter.position for letter in letters.asked(tx, "a")] == [1, 3, 4]
        assert letters.asked(tx, "b") == [], "all or nothing"


def test_letters_go_when_they_are_taken_dropped_or_old(db: Database) -> None:
    keep(db, "a", 1, 2, 3)
    keep(db, "b", 8)
    first, second, *_ = kept(db)
    ask(db, ids=[first.id])
    with db.begin() as tx:
        assert letters.done(tx, first)
        assert not letters.done(tx, first), "another has taken it"
        assert not letters.done(tx, second), "nobody asked for it"
        assert letters.drop(tx, [second.id]) == 1
        assert letters.forget(tx, before=4) == 1
        assert letters.drop_all(tx, "b") == 1
    assert kept(db) == []


async def test_what_was_given_up_is_taken_again_by_its_consumer_alone(books: Database) -> None:
    healthy: list[str] = []
    ill = True
    wrote = writing()

    def apply(tx: object, one: CloudEvent) -> None:
        wrote.apply(tx, one)  # type: ignore[arg-type]
        if ill:
            raise ValueError("ill")

    async def deliver(one: CloudEvent) -> None:
        if ill:
            raise OSError("ill")
        healthy.append(one.id)

    async with relaying(
        books,
        Handler(name="writer", apply=apply, attempts=1),
        Deliverer(name="sender", deliver=deliver, attempts=1),
    ):
        put(books, *[made(name=name) for name in "abc"])
        await until(lambda: len(kept(books)) == 6)
        ask(books, ids=[kept(books, "writer")[0].id])
        await until(lambda: all(letter.asked is None for letter in kept(books)))
        assert [letter.attempts for letter in kept(books, "writer")] == [2, 1, 1]
        ill = False
        ask(books, consumer="writer")
        await until(lambda: kept(books, "writer") == [])
        assert (written(books), healthy) == (["a", "b", "c"], [])
        ask(books, consumer="sender", since=2)
        await until(lambda: len(kept(books)) == 1)
        assert healthy == ["b", "c"]


async def test_a_letter_waits_while_the_world_is_away(books: Database) -> None:
    got: list[str] = []
    moods: list[Exception] = [OSError("refused")]
    tries: list[str] = []

    async def deliver(one: CloudEvent) -> None:
        tries.append(one.id)
        if moods:
            raise moods[0]
        got.append(one.id)

    async with relaying(books, Deliverer(name="sender", deliver=deliver, attempts=1)):
        put(books, made(name="a"))
        await until(lambda: len(kept(books)) == 1)
        moods[0] = Later("away")
        ask(books, consumer="sender")
        await until(lambda: len(tries) == 2)
        assert [letter.asked for letter in kept(books)] == [7]
        moods.clear()
        ask(books, consumer="sender")
        await until(lambda: kept(books) == [])
    assert got == ["a"]
