"""The uplink on real brokers: order, receipts by range, resending, windows, alarms first."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from app.brokers.port import Broker, endpoint
from contracts import batches
from contracts.instants import HOUR
from runtime import ids, mqtt
from runtime.clock import System
from runtime.spool import Item, Lane, Spool
from runtime.uplink import Settings, Uplink
from tests.fixtures.far import LIMIT, Far, until

NOON = 497_000 * HOUR


class Stage:
    def __init__(self, broker: Broker, path: Path) -> None:
        self.site = f"s{ids.uuid7(System())[-12:]}"
        self.settings = mqtt.Settings(port=endpoint(broker, 5).port, longest_pause=0.2)
        self.path = path
        self.spool = Spool(path, clock=System())
        self.registry = CollectorRegistry()

    def topic(self, channel: str = "telemetry", device: str = "k1") -> str:
        return f"imm/v1/{self.site}/kiosk/{device}/{channel}"

    def put(self, count: int, channel: str = "telemetry", size: int = 20) -> None:
        for start in range(0, count, 500):
            self.spool.extend(
                Item(topic=self.topic(channel), payload=b"x" * size, content_type="t", counts={NOON: 2})
                for _ in range(min(500, count - start))
            )

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        async with mqtt.Client(self.settings, client_id=f"{self.site}-far", session_expiry=60) as client:
            far = Far(client, self.site)
            await client.wait_connected(LIMIT)
            yield far

    @asynccontextmanager
    async def uplink(self, **settings: float) -> AsyncIterator[mqtt.Client]:
        self.registry = CollectorRegistry()
        async with mqtt.Client(self.settings, client_id=f"{self.site}-near") as client:
            uplink = Uplink(
                self.spool,
                client,
                settings=Settings(**settings),  # type: ignore[arg-type]  # ints and floats alike
                registry=self.registry,
                jitter=lambda: 0.0,
            )
            task = asyncio.create_task(uplink.run())
            try:
                yield client
            finally:
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()


@pytest.fixture
def stage(broker: Broker, tmp_path: Path) -> Stage:
    return Stage(broker, tmp_path / "spool.db")


async def test_everything_arrives_once_in_order_and_the_spool_is_emptied(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink():
        stage.put(700)
        await until(lambda: stage.spool.size() == 0)
        assert far.seqs() == list(range(1, 701))
        assert {place.attempt for place in far.came} == {1}
        await until(lambda: stage.registry.get_sample_value("imm_uplink_receipted_total") == 700)
    (row,) = stage.spool.tally(stage.topic()).rows
    assert (row.recorded, row.sent, row.shed) == (1_400, 1_400, 0)


async def test_only_what_a_receipt_names_is_forgotten(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink():
        far.answering = False
        stage.put(10)
        await until(lambda: len(far.came) == 10)
        chosen = [place for place in far.came if place.seq in (2, 3, 7)]
        far.answer(stage.topic("receipt"), chosen)
        await until(lambda: stage.spool.depth()[Lane.TELEMETRY] == 7)
    left = stage.spool.due(Lane.TELEMETRY, after=0, count=99, size=10**6)
    assert [batch.seq for batch in left] == [1, 4, 5, 6, 8, 9, 10]


async def test_what_the_broker_has_counts_as_sent_without_a_receipt(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink():
        far.answering = False
        stage.put(3)
        await until(lambda: stage.spool.tally(stage.topic()).rows[0].sent == 6)


async def test_without_a_receipt_in_time_a_batch_is_sent_again(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink(patience=0.3, longest_patience=0.3):
        far.answering = False
        stage.put(3)
        await until(lambda: {place.attempt for place in far.came if place.seq == 1} >= {1, 2, 3})
        assert far.seqs()[:3] == [1, 2, 3]
        far.answering = True
        await until(lambda: stage.spool.size() == 0)


async def test_a_new_connection_sends_the_unreceipted_again_from_the_lowest_before_anything_new(
    stage: Stage,
) -> None:
    async with stage.far() as far:
        far.answering = False
        async with stage.uplink():
            stage.put(5)
            await until(lambda: len(far.came) == 5)
            far.answer(stage.topic("receipt"), far.came[1:2])
            await until(lambda: stage.spool.depth()[Lane.TELEMETRY] == 4)
        stage.put(2)
        far.came.clear()
        async with stage.uplink():
            await until(lambda: len(far.came) == 6)
            assert [(p.seq, p.attempt > 1) for p in far.came] == [
                (1, True),
                (3, True),
                (4, True),
                (5, True),
                (6, False),
                (7, False),
            ]


async def test_the_window_bounds_what_waits_for_receipts(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink(window=4):
        far.answering = False
        stage.put(20)
        await until(lambda: len(far.came) == 4)
        await asyncio.sleep(0.2)  # nothing more may come: there is no condition to wait for
        assert far.seqs() == [1, 2, 3, 4]
        far.answering = True
        far.answer(stage.topic("receipt"), list(far.came))
        await until(lambda: stage.spool.size() == 0)
        assert far.seqs() == list(range(1, 21))


async def test_what_is_on_its_way_is_not_given_up_while_more_and_more_is_recorded(
    stage: Stage, tmp_path: Path
) -> None:
    stage.spool = Spool(tmp_path / "small.db", clock=System(), limit_bytes=64 * 1024)
    async with stage.far() as far, stage.uplink():
        far.answering = False
        stage.put(10, size=2_000)
        await until(lambda: bool(far.came))
        stage.put(200, size=2_000)  # three times what the spool holds, and nothing is receipted
        assert stage.spool.shed["telemetry"] > 100
        far.answering = True
        far.answer(stage.topic("receipt"), list(far.came))
        await until(lambda: stage.spool.size() == 0)
        row = next(row for row in stage.spool.tally(stage.topic()).rows if row.channel == "telemetry")
        assert row.recorded == row.shed + 2 * len(set(far.seqs())), (
            "each sample came or was declared, not both"
        )


async def test_an_alarm_passes_what_is_stuck(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink(window=4):
        far.answering = False
        stage.put(20)
        await until(lambda: len(far.came) == 4)
        stage.put(1, "event")
        await until(lambda: far.seqs("k1/event") == [1])


async def test_what_comes_after_another_leaves_when_that_is_receipted(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink(patience=0.3, longest_patience=0.3):
        far.answering = False
        for word in ("a", "b", "a", "c"):
            stage.spool.extend([after(stage.topic(), word)])
        await until(lambda: {place.attempt for place in far.came if place.seq == 1} >= {1, 2, 3})
        assert set(far.seqs()) == {1, 2}, "the third waits for the first, and the fourth stands behind it"
        far.answer(stage.topic("receipt"), far.came[:1])
        await until(lambda: far.seqs()[-1] == 4)
        far.answering = True
        await until(lambda: stage.spool.size() == 0)
        first = far.seqs(first=True)
        assert first == sorted(first)


async def test_a_reader_that_comes_late_hears_the_first_first(stage: Stage) -> None:
    async with stage.uplink(patience=0.5, longest_patience=0.5):
        stage.spool.extend([after(stage.topic(), "a")])
        sent = partial(stage.registry.get_sample_value, "imm_uplink_sent_total", {"channel": "telemetry"})
        await until(lambda: sent() == 1)  # to nobody
        async with stage.far() as far:
            stage.spool.extend([after(stage.topic(), "a")])
            await until(lambda: stage.spool.size() == 0)
            assert far.seqs() == [1, 2]


async def test_several_devices_speak_through_one_uplink(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink():
        for device in ("a", "b", "c"):
            for _ in range(5):
                stage.spool.append(stage.topic(device=device), b"x", content_type="t", counts={NOON: 1})
        await until(lambda: stage.spool.size() == 0)
        assert Counter(place.stream.device for place in far.came) == {"a": 5, "b": 5, "c": 5}


async def test_a_receipt_that_cannot_be_read_changes_nothing(stage: Stage) -> None:
    async with stage.far() as far, stage.uplink():
        far.answering = False
        stage.put(1)
        await until(lambda: len(far.came) == 1)
        for payload in (b"", b"\xff", b'{"stream":"k1/telemetry","epoch":1,"ranges":[[5,1]]}'):
            await far.client.publish(stage.topic("receipt"), payload)
        await until(lambda: stage.registry.get_sample_value("imm_uplink_bad_receipts_total") == 3)
        far.answer(stage.topic("receipt"), far.came)
        await until(lambda: stage.spool.size() == 0)


async def test_losses_are_declared_to_the_other_end(stage: Stage, tmp_path: Path) -> None:
    stage.spool = Spool(tmp_path / "small.db", clock=System(), limit_bytes=64 * 1024)
    stage.put(50, size=4_000)
    async with stage.far() as far, stage.uplink():
        await until(lambda: stage.spool.size() == 0)
        assert any(b'"gap"' in payload for payload in far.payloads)


def after(topic: str, word: str) -> Item:
    return Item(topic=topic, payload=b"x", content_type="t", properties=((batches.AFTER, word),))


def _came(far: Far, count: int) -> bool:
    return len(far.came) > count


async def test_a_broker_that_is_killed_costs_nothing(own_broker: Broker, tmp_path: Path) -> None:
    stage = Stage(own_broker, tmp_path / "spool.db")
    async with AsyncExitStack() as stack:
        far = await stack.enter_async_context(stage.far())
        near = await stack.enter_async_context(stage.uplink(patience=2.0))
        for round_ in range(3):
            stage.put(300)
            await until(partial(_came, far, 225 * round_))
            own_broker.kill()
            await until(lambda: not near.connected.is_set())
            stage.put(50)
            own_broker.start()
        await until(lambda: stage.spool.size() == 0)
        assert set(far.seqs()) == set(range(1, 1_051))
        first = far.seqs(first=True)
        assert first == sorted(first), "first transmissions leave in order"
