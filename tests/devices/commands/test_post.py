"""Commands reach devices when they are there, and what became of them is known, whoever goes and comes."""

import asyncio
from typing import Any

from sqlalchemy import select

from app.brokers.port import Broker
from city.db import Database
from city.identity.caller import SYSTEM
from contracts.commands import State as Said
from contracts.topics import Channel
from devices.commands.model import State
from devices.commands.post import AHEAD
from devices.commands.tables import strays
from runtime.clock import Fake
from tests.devices.commands.conftest import Town
from tests.fixtures.far import LIMIT, until


async def test_a_command_is_sent_once_and_its_end_is_kept(town: Town) -> None:
    async with town.post(), town.device() as device:
        record = await asyncio.to_thread(town.issue)
        (got,) = await device.gets()
        assert (got.id, got.issued, got.expires) == (record.id, record.issued, record.expires)
        assert device.asks[0].response == device.entry.address.topic(Channel.RESULT)
        assert device.asks[0].correlation == record.id.encode()
        await device.say(record.id, 1, Said.ACCEPTED)
        await device.say(record.id, 2, Said.RUNNING, progress=50)
        await device.say(record.id, 3, Said.DONE, value={"disk": "well"}, progress=100)
        told = await town.state(record.id, "done")
        await device.say(record.id, 3, Said.DONE, value={"disk": "well"})  # again
        await device.say(record.id, 4, Said.FAILED)  # and nonsense after the end
        other = await asyncio.to_thread(town.issue)
        await device.gets(2)
        await device.say(other.id, 1, Said.DONE)
        await town.state(other.id, "done")
    assert (told.value, told.told, told.late, told.tries) == ({"disk": "well"}, True, False, 1)
    assert [line.state for line in told.history] == [
        State.QUEUED,
        State.SENT,
        State.ACCEPTED,
        State.RUNNING,
        State.DONE,
    ]
    assert town.get(record.id).state == State.DONE
    assert [one.id for one in device.got] == [record.id, other.id]


async def test_it_waits_for_a_sleeping_device_until_it_expires(town: Town) -> None:
    async with town.post():
        awake = await asyncio.to_thread(town.issue)
        asleep = await asyncio.to_thread(town.issue, "k2", seconds=10)
        town.clock.advance(11)
        over = await town.state(asleep.id, "expired")
        assert (over.tries, "never sent" in over.reason) == (0, True)
        async with town.device() as device:
            await device.gets()
            await device.say(awake.id, 1, Said.DONE)
            await town.state(awake.id, "done")


async def test_what_was_taken_back_never_leaves(town: Town) -> None:
    def withdraw(key: str) -> None:
        with town.db.begin() as tx:
            town.desk.withdraw(tx, SYSTEM, key, why="a mistake")

    async with town.post() as post:
        mistake = await asyncio.to_thread(town.issue)
        look = post._look

        def late(now: int) -> Any:
            """Somebody takes it back between the look and the mark."""
            found = look(now)
            if found and town.get(mistake.id).state == State.QUEUED and post._online.since("k1"):
                withdraw(mistake.id)
            return found

        post._look = late  # type: ignore[method-assign]
        async with town.device() as device:
            await town.state(mistake.id, "withdrawn")
            meant = await asyncio.to_thread(town.issue)
            (got,) = await device.gets()
            await device.say(meant.id, 1, Said.DONE)
            await town.state(meant.id, "done")
    assert got.id == meant.id
    assert town.get(mistake.id).tries == 0


async def test_a_device_that_comes_back_is_asked_at_once(town: Town) -> None:
    async with town.post(), town.device() as device:
        record = await asyncio.to_thread(town.issue)
        await device.gets()
        await device.online(online=False)
        town.clock.advance(1)
        await device.online()
        got = await device.gets(2)
        assert got[0] == got[1]
        town.clock.advance(11)  # and again after a while, when it says nothing
        await device.gets(3)
        await device.say(record.id, 1, Said.REFUSED, reason="the door is open")
        assert (await town.state(record.id, "refused")).reason == "the door is open"


async def test_no_word_is_timed_out_and_a_late_one_corrects_it(town: Town) -> None:
    async with town.post(), town.device() as device:
        record = await asyncio.to_thread(town.issue)
        await device.gets()
        await device.online(online=False)
        town.clock.advance(1_000)
        over = await town.state(record.id, "timed-out")
        assert "said nothing" in over.reason
        await device.online()  # asked at once, after its expiry too: the device knows
        await device.gets(2)
        await device.say(record.id, 2, Said.EXPIRED, reason="it came 640 s after it expired")
        told = await town.state(record.id, "expired")
        assert (told.late, told.told) == (True, True)


async def test_results_of_nothing_and_of_others_are_kept_and_change_nothing(
    town: Town, lite: Database
) -> None:
    async with town.post() as post, town.device() as device, town.device("k2") as other:
        record = await asyncio.to_thread(town.issue)
        await device.gets()
        await other.say(record.id, 9, Said.DONE)
        await device.say("nobodys", 1, Said.DONE)
        await device.say("nobodys", 2, Said.DONE)
        await device.client.publish(device.entry.address.topic(Channel.RESULT), b"\xff")
        results = post._results
        await until(lambda: results.labels("unreadable")._value.get() == 1)
        counts = {
            fate: results.labels(fate)._value.get() for fate in ("foreign", "unknown", "unreadable", "news")
        }
        assert counts == {"foreign": 1, "unknown": 2, "unreadable": 1, "news": 0}
    query = select(strays.c.device, strays.c.reason, strays.c.count.label("times"))
    with lite.read() as tx:
        kept = {(row.device, row.reason, row.times) for row in tx.execute(query)}
    assert kept == {("k2", "foreign", 1), ("k1", "unknown", 2), ("k1", "unreadable", 1)}
    assert town.get(record.id).state == State.SENT


async def test_an_old_will_does_not_put_a_restarted_device_to_sleep(town: Town) -> None:
    async with town.post(), town.device(epoch=8) as device:
        device.epoch = 7
        await device.online(online=False)
        device.epoch = 8
        await asyncio.to_thread(town.issue)
        await device.gets()


async def test_another_desk_takes_over_and_asks_for_what_was_on_its_way(town: Town) -> None:
    async with town.device() as device:
        async with town.post("desk-1"):
            record = await asyncio.to_thread(town.issue)
            await device.gets()
        await device.say(record.id, 1, Said.DONE)  # while nobody leads
        town.clock.advance(1)
        async with town.post("desk-2"):
            await device.gets(2)
            await device.say(record.id, 1, Said.DONE)
            await town.state(record.id, "done")


async def test_a_killed_broker_loses_nothing(lite: Database, clock: Fake, own_broker: Broker) -> None:
    town = Town(lite, clock, own_broker)
    async with town.post() as post, town.device() as device:
        record = await asyncio.to_thread(town.issue)
        await device.gets()
        own_broker.kill()
        await until(lambda: not device.client.connected.is_set() and not post._client.connected.is_set())
        waiting = await asyncio.to_thread(town.issue)
        own_broker.start(LIMIT)
        await device.client.wait_connected(LIMIT)
        clock.advance(1)
        await device.online()
        await until(lambda: {one.id for one in device.got[1:]} == {record.id, waiting.id})
        for key in (record.id, waiting.id):
            await device.say(key, 1, Said.DONE)
            await town.state(key, "done")


async def test_many_at_once_all_end(town: Town) -> None:
    async with town.post(), town.device() as device:
        made = [(await asyncio.to_thread(town.issue)).id for _ in range(100)]
        await device.gets(AHEAD)
        town.clock.advance(0.001)
        for number in range(100):
            got = await device.gets(number + 1)
            assert len(got) <= number + AHEAD  # it is never given more than it may have waiting
            await device.say(got[number].id, 1, Said.DONE)
        await town.state(made[-1], "done")
        await until(lambda: all(town.get(key).state == State.DONE for key in made[-5:]))
    assert sorted(one.id for one in device.got) == sorted(made)
