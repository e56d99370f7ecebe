"""Sketches of visitors go into the store and nowhere else: not into the feed, nor out with a dead letter."""

from collections.abc import Iterator
from pathlib import Path

import datasketches
import msgspec
import pytest

from app.letters import HIDDEN, Letters
from contracts import feed, instants, senml, sitekeys, sketches
from contracts.series import Block, Selector, Series
from contracts.sketches import LG_K, METRIC, Sketch, Subject
from ingest.feed import shown
from ingest.replay import Replay
from ingest.settings import Settings
from runtime.clock import Fake, System
from store.bundle import Store, open_store
from store.settings import Embedded
from store.settings import Frames as Kept
from store.settings import Settings as StoreSettings
from tests.ingest.parts import PARK, Frames, Message, Roster, Sink, message
from tests.ingest.test_replay import City
from tests.ingest.test_worker import Stand


@pytest.fixture
def store(tmp_path: Path, clock: Fake) -> Iterator[Store]:
    settings = StoreSettings(
        embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=128),
        frames=Kept(path=tmp_path / "frames"),
    )
    with open_store(settings, clock) as opened:
        yield opened


def a_block(now: int, *, beside: bool = False) -> Block:
    body = datasketches.hll_sketch(LG_K, datasketches.tgt_hll_type.HLL_4)
    for person in range(40):
        body.update(person)
    start = instants.floor(now - 3 * instants.HOUR, instants.HOUR)
    sketch = Sketch(
        site=PARK.site,
        day=sitekeys.day_of(start),
        key="0" * 16,
        start=start,
        end=start + instants.HOUR,
        subject=Subject.STATIONS,
        body=body.serialize_compact(),
    )
    block = Block()
    series = Series(site=PARK.site, kind=PARK.kind, device=PARK.device, metric=METRIC, instance="stations")
    if beside:
        other = Series(site=PARK.site, kind=PARK.kind, device=PARK.device, metric="x")
        block.append(other, start, 1.0)
    block.append(series, start, sketches.encode(sketch))
    return block


def a_message(now: int) -> Message:
    return message(senml.encode(a_block(now), "application/senml+json"), device=PARK, seq=1)


def test_the_feed_is_told_of_everything_else(clock: Fake) -> None:
    block = a_block(clock.now(), beside=True)
    told = shown(block)
    assert [series.metric for series, _, _ in told.rows()] == ["x"]
    accepted = feed.Accepted(worker="w1", seq=1, started=1, watermark=1, block=told)
    assert METRIC.encode() not in feed.encode(accepted)
    assert shown(told) is told


async def test_a_worker_feeds_no_sketch(sink: Sink, roster: Roster, frames: Frames) -> None:
    stand = Stand(sink, roster, frames, Settings())
    now = System().now()
    plain = message([{"n": "x", "v": 1.0}], device=PARK, seq=2)
    stand.send(a_message(now), plain)
    await stand.until(lambda: bool(plain.acks and stand.fed))
    assert sum(len(write.block) for write in sink.writes) == 2
    assert {series.metric for one in stand.fed for series in one.block.series} == {"x"}
    stand.worker.stop()
    await stand.task


def test_a_sketch_that_was_refused_is_shown_to_nobody_and_can_be_replayed(store: Store, clock: Fake) -> None:
    city = City(store, clock)
    city.roster.entries.clear()
    letter = city.send(a_message(clock.now()), kept=100_000)
    replay = Replay(
        dead=store.dead_letters,
        sink=store.sink,
        frames=store.frames,
        reader=store.engine,
        roster=Roster(PARK),
        clock=clock,
        settings=Settings(),
    )
    letters = Letters(store.dead_letters, replay)
    (seen,) = letters.page(after="", limit=10)
    assert seen.payload == HIDDEN
    (outcome,) = letters.replay([letter], dry=True)
    assert (outcome.accepted, outcome.samples, outcome.changes) == (True, 1, ())
    letters.replay([letter], dry=False)
    store.visitors.run(clock.now())
    (found,) = [
        one
        for one in store.engine.last(Selector(devices=("visitors",)))
        if one.series.metric == "visitors.unique"
    ]
    assert found.value == 40.0
    replay.close()


def test_what_is_malformed_shows_nothing_of_it_either(store: Store, clock: Fake) -> None:
    city = City(store, clock)
    city.roster.entries |= Roster(PARK).entries
    payload = senml.encode(a_block(clock.now()), "application/senml+json")
    city.send(message(payload[:-1], device=PARK, seq=1), kept=100_000)
    (seen,) = Letters(store.dead_letters, city.replay).page(after="", limit=10)
    assert seen.payload == HIDDEN
    (value,) = [record["vd"] for record in msgspec.json.decode(payload) if "vd" in record]
    assert not any(value[place : place + 12] in seen.value for place in range(len(value) - 12))
    assert seen.reason
