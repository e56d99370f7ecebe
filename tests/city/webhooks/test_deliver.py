"""Receivers are told: signed, in order, at least once, whatever they answer."""

import asyncio
from collections import defaultdict

import msgspec

from city.identity.caller import SYSTEM
from city.outbox import Tail, letters
from city.webhooks.model import consumer
from contracts.cloudevents import CloudEvent
from tests.city.drill import made, put, until
from tests.city.webhooks.receiver import OK, Got, receiving, reply
from tests.city.webhooks.stage import APP, Stage

APP_7 = msgspec.structs.replace(APP, id="app-7")


def about(subject: str, name: str, type_: str = "thing.made") -> CloudEvent:
    one = made(type_, name=name)
    return CloudEvent(
        id=one.id, source=one.source, type=one.type, subject=subject, time=one.time, data={"of": subject}
    )


async def test_events_arrive_signed_and_in_order(stage: Stage) -> None:
    async with receiving() as app, receiving() as other, stage.delivering():
        new, secret = stage.add(app.url, types=["thing.*"])
        stage.add(other.url, types=["thing.gone"])
        events = [about(f"s{number % 3}", f"e{number}") for number in range(30)]
        put(stage.db, *events, made("other.made"), made("thing.gone", name="last"))
        put(stage.db, made(name="probe"), probe=True)
        await until(lambda: len(app.took) == 31 and len(other.took) == 1)
        await until(lambda: stage.place(new.id).delivered == 31)
        assert stage.place(new.id).position >= 32
    for got in app.got:
        app.verify(got, secret)
    assert app.got[0].headers["content-type"] == "application/cloudevents+json"
    assert sorted(app.keys) == sorted([*(one.id for one in events), "last"])
    lanes = defaultdict(list)
    for got in app.took:
        lanes[got.event["subject"]].append(got.key)
    assert lanes["s1"] == [one.id for one in events if one.subject == "s1"]
    assert app.connections <= 4


async def test_the_key_stays_the_same_and_the_order_holds_over_failures(stage: Stage) -> None:
    async with receiving() as app, stage.delivering():
        app.answer(reply(500), reply(503, retry_after="0"), b"nonsense\r\n\r\n", reply(301, location="/x"))
        new, secret = stage.add(app.url, parallel=1)
        put(stage.db, made(name="a"), made(name="b"))
        await until(lambda: app.keys == ["a", "b"])
        await until(lambda: stage.place(new.id).streak == 0)
    assert [got.key for got in app.got] == ["a"] * 5 + ["b"]
    assert len({got.path for got in app.got}) == 1, "redirects are not followed"
    for got in app.got:
        app.verify(got, secret)


async def test_a_dead_and_a_hanging_receiver_hold_up_nobody(stage: Stage) -> None:
    async with receiving() as well, receiving() as hanging, receiving() as dead, stage.delivering(limit=0.5):
        await dead.close()

        async def hang(_got: Got) -> bytes:
            await asyncio.sleep(60)
            return OK

        hanging.behave = hang
        ids = [stage.add(one.url)[0].id for one in (hanging, dead, well)]
        put(stage.db, *[about(f"s{number}", f"e{number}") for number in range(200)])
        await until(lambda: len(well.took) == 200)
        await until(lambda: all(stage.place(one).streak > 0 for one in ids[:2]))
        assert "no answer within 0.5 s" in stage.place(ids[0]).error
        assert "ConnectError" in stage.place(ids[1]).error
        assert stage.told(ids[1]).behind == 200
        assert stage.letters(ids[1]) == []
    assert len(hanging.got) < 20, "who fails is asked by one request at a time"


async def test_after_an_outage_it_goes_on_where_it_stood(stage: Stage) -> None:
    async with receiving() as app:
        async with stage.delivering():
            new, _ = stage.add(app.url)
            put(stage.db, made(name="a"))
            await until(lambda: stage.place(new.id).delivered == 1)
            await app.close()
            put(stage.db, *[made(name=f"b{number}") for number in range(150)])
            await until(lambda: stage.place(new.id).streak > 1)
        async with stage.delivering():  # and the platform was restarted meanwhile
            put(stage.db, made(name="c"))
            await until(lambda: stage.place(new.id).streak > 2)
            await app.open()
            await until(lambda: len(app.took) == 152)
            await until(lambda: stage.told(new.id).behind == 0)
    assert app.keys == ["a", *[f"b{number}" for number in range(150)], "c"], (
        "nothing twice, nothing out of order"
    )


async def test_retry_after_is_honoured(stage: Stage) -> None:
    times: list[float] = []

    async with receiving() as app, stage.delivering():
        answers = iter([reply(429, retry_after="1")])

        async def behave(_got: Got) -> bytes:
            times.append(stage.clock.monotonic())
            return next(answers, OK)

        app.behave = behave
        stage.add(app.url)
        put(stage.db, about("x", "a"), about("y", "b"))
        await until(lambda: len(times) == 3)
    assert times[-1] - times[0] >= 1.0


async def test_an_event_that_is_refused_becomes_a_letter_and_can_be_sent_again(stage: Stage) -> None:
    async with receiving() as app, stage.delivering():
        ill = True

        async def behave(got: Got) -> bytes:
            return reply(422, "unknown colour") if ill and got.key.startswith("bad") else OK

        app.behave = behave
        new, secret = stage.add(app.url)
        names = ["bad1", "good1", "bad2", "good2"]
        put(stage.db, *[about("one", name) for name in names])
        await until(lambda: app.keys == ["good1", "good2"])
        await until(lambda: len(stage.letters(new.id)) == 2)
        first, second = stage.letters(new.id)
        assert (first.consumer, first.position, first.attempts) == (consumer(new.id), 1, 3)
        assert (first.subject, first.error) == ("one", "422: unknown colour")
        with stage.db.begin() as tx:
            letters.ask(tx, now=1, ids=[first.id])
        await until(lambda: [one.attempts for one in stage.letters(new.id)] == [4, 3])
        assert stage.letters(new.id)[0].asked is None
        ill = False
        assert stage.do(stage.webhooks.replay, new.id, since=second.position) == 1
        await until(lambda: app.keys == ["good1", "good2", "bad2"] and len(stage.letters(new.id)) == 1)
        assert stage.do(stage.webhooks.replay, new.id) == 1
        await until(lambda: stage.letters(new.id) == [] and app.keys[-1] == "bad1")
        app.verify(app.got[-1], secret)


async def test_one_event_at_which_a_receiver_fails_does_not_hold_up_the_rest(stage: Stage) -> None:
    async with receiving() as app, stage.delivering():

        async def behave(got: Got) -> bytes:
            return reply(500) if got.key == "poison" else OK

        app.behave = behave
        new, _ = stage.add(app.url)
        put(stage.db, about("x", "poison"), *[about("y", f"e{number}") for number in range(100)])
        await until(lambda: len(app.took) == 100)
        await until(lambda: [one.event.count("poison") for one in stage.letters(new.id)] == [1])


async def test_events_that_were_swept_are_a_declared_gap(stage: Stage) -> None:
    async with receiving() as app:
        async with stage.delivering():
            new, _ = stage.add(app.url)
            put(stage.db, *[made(name=f"a{number}") for number in range(3)])
            await until(lambda: stage.place(new.id).position == 3)
            await app.close()
            put(stage.db, *[made(name=f"b{number}") for number in range(5)])
            await until(lambda: Tail(stage.db).head() == 8)
        with stage.db.begin() as tx:
            tx.exec_driver_sql("DELETE FROM outbox WHERE position <= 6")
        await app.open()
        async with stage.delivering():
            await until(lambda: len(app.took) == 6)
            await until(lambda: (stage.place(new.id).gap_after, stage.place(new.id).gap_until) == (3, 6))
    assert {"b3", "b4"} < set(app.keys)
    (gap,) = [got.event for got in app.took if got.key.startswith("gap")]
    assert gap["data"] == {"after": 3, "resumed": 6}


async def test_a_test_event_goes_to_one_subscription_only(stage: Stage) -> None:
    async with receiving() as app, receiving() as other, stage.delivering():
        mine, _ = stage.add(app.url, types=["thing.made"])
        stage.add(other.url)
        name = stage.do(stage.webhooks.test, mine.id)
        put(stage.db, made(name="a"))
        await until(lambda: sorted(app.keys) == sorted([name, "a"]) and other.keys == ["a"])


async def test_no_address_inside_is_called(stage: Stage) -> None:
    async with receiving() as app:
        new, _ = stage.add(app.url)
        async with stage.delivering(allow=("10.0.0.0/8",)):
            put(stage.db, made(name="a"))
            await until(lambda: stage.place(new.id).streak > 0)
        assert "where webhooks do not go" in stage.place(new.id).error
        assert app.connections == 0


async def test_of_an_answer_without_end_only_the_beginning_is_read(stage: Stage) -> None:
    async with receiving() as app, stage.delivering(answer=100):
        app.answer(b"HTTP/1.1 500 X\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 5_000)
        stage.add(app.url)
        put(stage.db, made(name="a"))
        await until(lambda: app.keys == ["a"])


async def test_a_hundred_are_cheap(stage: Stage) -> None:
    """An idle subscription asks the database nothing of its own."""
    few = stage.service(each=400)
    async with receiving() as app:
        with stage.db.begin() as tx:
            for _ in range(100):
                few.add(tx, APP, url=app.url, types=["thing.never"])
        new, _ = stage.add(app.url, APP_7)
        async with stage.delivering():
            put(stage.db, *[made(name=f"e{number}") for number in range(20)])
            await until(lambda: len(app.took) == 20)
            await until(lambda: stage.told(new.id).behind == 0)
        idle = [one.behind for one in stage.do(stage.webhooks.page, by=SYSTEM, all_=True, limit=400)]
    assert idle == [0] * 101, "their places follow too, so that what is swept is no gap to them"
    assert app.connections <= 4
