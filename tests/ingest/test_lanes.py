"""Alarms and measurements travel apart: where these wait, those arrive. On real brokers of each kind."""

import asyncio
from collections.abc import Sequence

from analytics.jobs.inbox import Inbox
from contracts import batches, events, feed
from contracts.events import Alarm
from contracts.feed import Accepted
from contracts.series import Block
from contracts.topics import Channel
from ingest.route import REST, URGENT
from runtime import mqtt
from runtime.clock import System
from tests.ingest.test_whole import DEVICES, City, Gate, city, store, until, whole

__all__ = ["city", "store"]  # fixtures
NAME = "door.opened"


async def _alarm(edge: mqtt.Client, seq: int) -> None:
    device = DEVICES[0]
    place = batches.Sequence(stream=batches.Stream.of(device, Channel.EVENT), epoch=1, seq=seq)
    alarm = Alarm(id=f"a{seq}", time=System().now(), name=NAME)
    await edge.publish(device.topic(Channel.EVENT), events.encode((alarm,)), properties=place.properties())


def _alarms(fed: Sequence[Accepted]) -> int:
    return sum(isinstance(event, Alarm) for one in fed for _, event in one.events)


async def test_an_alarm_arrives_while_a_flood_of_measurements_waits(city: City) -> None:
    gate, fed = Gate(city.store.sink), list[Accepted]()
    gate.open.clear()  # what measures cannot be written just now
    async with (
        city.worker("a", gate, messages=20, channels=REST, feed=fed.append) as worker,
        city.worker("a-alarms", city.store.sink, channels=URGENT, feed=fed.append),
        city.edge() as edge,
    ):
        await asyncio.gather(*(city.publish(edge, device, range(1, 401)) for device in DEVICES))
        await until(lambda: gate.seen > 0 and worker._paused and worker._load.messages == 20)
        for seq in range(1, 4):
            await _alarm(edge, seq)
        await until(lambda: _alarms(fed) == 3)
        event = f"{DEVICES[0].device}/event"
        await until(lambda: city.received == {event: ((1, 3),)})
        assert worker._paused  # measurements wait still
        assert all(one.urgent for one in fed)
        gate.open.set()
        await until(lambda: city.received == whole(range(1, 401)) | {event: ((1, 3),)})
    assert city.store.ledger.holes() == []


def _accepted(worker: str, seq: int, *, urgent: bool) -> Accepted:
    return Accepted(worker=worker, seq=seq, started=1, watermark=1, block=Block(), urgent=urgent)


async def test_what_waits_to_be_judged_lets_alarms_go_first() -> None:
    inbox = Inbox(3)
    for seq in range(1, 6):  # more than may wait: the oldest of this lane go
        inbox.put(_accepted("w1", seq, urgent=False))
    for seq in (1, 2):
        inbox.put(_accepted("w1-alarms", seq, urgent=True))
    taken = [await inbox.get(1) for _ in range(len(inbox))]
    assert [(one.worker, one.seq) for one in taken if one] == [
        ("w1-alarms", 1),
        ("w1-alarms", 2),
        ("w1", 3),
        ("w1", 4),
        ("w1", 5),
    ]
    assert inbox.dropped == 2
    inbox.put(_accepted("w1-alarms", 3, urgent=True))
    inbox.put(_accepted("w1", 6, urgent=False))
    inbox.skip()
    assert len(inbox) == 0
    assert inbox.follows(_accepted("w1-alarms", 4, urgent=True))
    assert inbox.follows(_accepted("w1", 7, urgent=False))


def test_the_lane_survives_the_way_between_processes() -> None:
    for urgent in (False, True):
        assert feed.decode(feed.encode(_accepted("w1", 1, urgent=urgent))).urgent is urgent
