import asyncio

import pytest

from runtime.clock import Fake
from runtime.mqtt import Denied, Lost, packets
from runtime.mqtt.outgoing import Outgoing


class Wire:
    """What left, and answers to it in order."""

    def __init__(self, window: int) -> None:
        self.clock = Fake()
        self.sent: list[bytes] = []
        self.mids: list[int] = []
        self.outgoing = Outgoing(self._write, self.clock, window)

    async def publish(self, payload: bytes, qos: int = 1) -> None:
        await self.outgoing.publish("t", payload, qos=qos, retain=False, properties=b"")

    def answer(self, code: int = 0) -> None:
        self.outgoing.answer(self.mids.pop(0), code)

    def _write(self, head: bytes, payload: bytes) -> None:
        self.sent.append(payload)
        message = packets.decode(head[0], memoryview(head + payload)[packets.varint(head, 1)[1] :], v5=False)
        if message.qos:
            self.mids.append(message.mid)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nobody_overtakes_who_waits_for_the_window() -> None:
    wire = Wire(window=2)

    async def two() -> None:
        await wire.publish(b"a")
        await wire.publish(b"e")  # called when the window has room, while d waits

    tasks = [
        asyncio.create_task(work) for work in (two(), *(wire.publish(name) for name in (b"b", b"c", b"d")))
    ]
    await settle()
    assert wire.sent == [b"a", b"b"]
    wire.answer()
    wire.answer()
    await settle()
    assert wire.sent == [b"a", b"b", b"c", b"d"]
    while wire.mids:
        wire.answer()
        await settle()
    await asyncio.gather(*tasks)
    assert wire.sent == [b"a", b"b", b"c", b"d", b"e"]


async def test_transport_that_takes_no_more_holds_back() -> None:
    wire = Wire(window=9)
    wire.outgoing.allow(writable=False)
    task = asyncio.create_task(wire.publish(b"x", qos=0))
    await settle()
    assert wire.sent == []
    wire.outgoing.allow(writable=True)
    await task
    assert wire.sent == [b"x"]


async def test_loss_reaches_everyone() -> None:
    wire = Wire(window=1)
    tasks = [asyncio.create_task(wire.publish(b"%d" % number)) for number in range(4)]
    await settle()
    wire.outgoing.lose(Lost("gone"))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in found] == ["gone"] * 4
    assert wire.sent == [b"0"]
    with pytest.raises(Lost):
        await wire.publish(b"later")
    assert wire.outgoing.oldest is None


async def test_cancelled_waiters_leave_the_way_free() -> None:
    wire = Wire(window=1)
    tasks = [asyncio.create_task(wire.publish(b"%d" % number)) for number in range(4)]
    await settle()
    for task in tasks[:3]:
        task.cancel()
    await settle()
    wire.answer()
    await settle()
    wire.answer()
    await tasks[3]
    assert wire.sent == [b"0", b"3"]


async def test_refusal_says_why() -> None:
    wire = Wire(window=9)
    for code, reason in ((0x97, "Quota exceeded"), (0xFE, "does not know")):
        task = asyncio.create_task(wire.publish(b"x"))
        await settle()
        wire.answer(code)
        with pytest.raises(Denied, match=reason):
            await task
    task = asyncio.create_task(wire.publish(b"x"))
    await settle()
    wire.answer(0x10)  # no matching subscribers: a success
    await task
    wire.outgoing.answer(4_711, 0)  # an answer to nothing


async def test_identifiers_in_flight_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.mqtt.outgoing._LAST_MID", 1_003)
    wire = Wire(window=4)
    first = asyncio.create_task(wire.publish(b"first"))
    await settle()
    kept = wire.mids.pop(0)
    for number in range(10):
        task = asyncio.create_task(wire.publish(b"%d" % number))
        await settle()
        assert wire.mids[0] != kept
        wire.answer()
        await task
    wire.outgoing.answer(kept, 0)
    await first


async def test_oldest_tells_since_when_an_answer_is_due() -> None:
    wire = Wire(window=9)
    tasks = [asyncio.create_task(wire.publish(b"1"))]
    await settle()
    wire.clock.advance(5)
    tasks.append(asyncio.create_task(wire.publish(b"2")))
    await settle()
    assert wire.outgoing.oldest == 0.0
    wire.answer()
    assert wire.outgoing.oldest == 5.0
    wire.answer()
    await asyncio.gather(*tasks)
