"""The platform's own losses: what analytics gave up is declared, taken by ingest, and in the ledger."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from analytics.jobs.settings import Settings as Analytics
from app.parts import roster
from app.settings import Settings
from contracts import ranges
from contracts.receipts import Receipt
from contracts.topics import AreaTopic
from ingest.gather import Load
from ingest.mappings.load import Mappings
from ingest.mappings.model import Field, Mapping
from ingest.parcel import Parcel, Reason
from ingest.settings import Settings as Ingest
from ingest.stages import judge, stages
from runtime.clock import Fake
from runtime.spool import Batch, Item, Lane, Spool
from store.bundle import Store, open_store
from store.settings import Embedded, Frames
from store.settings import Settings as StoreSettings
from store.sink import Write
from tests.ingest.parts import Message, message

NOW = 1_764_547_200_000_000
SITES = ("bima", "kejaksan")
SETTINGS = Settings(analytics=Analytics(producer="watcher"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    settings = StoreSettings(
        embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=128),
        frames=Frames(path=tmp_path / "frames"),
    )
    with open_store(settings, Fake(NOW)) as opened:
        yield opened


def declared(folder: Path) -> list[Message]:
    """What a producer says of judgements of two sites that found no room, twice with room in between."""
    said: list[Message] = []
    with closing(Spool(folder / "watcher.spool", clock=Fake(NOW), limit_bytes=64 * 1024)) as spool:
        for _ in range(2):
            for number in range(60):
                topic = str(AreaTopic.judgement(SITES[number % 2], "watcher"))
                spool.extend([Item(topic=topic, payload=b"x" * 4_000, content_type="t")])
            for batch in spool.due(Lane.EVENT, after=0, count=10, size=1_000_000):
                said.append(Message(batch.topic, batch.payload, properties=dict(batch.place(1).properties())))
                spool.settle([_receipt(batch)])
            for batch in spool.due(Lane.JUDGEMENT, after=0, count=1_000, size=10_000_000):
                spool.settle([_receipt(batch)])
    return said


def _receipt(batch: Batch) -> Receipt:
    return Receipt(stream=str(batch.stream), epoch=batch.epoch, ranges=((batch.seq, batch.seq),))


def test_judgements_that_were_given_up_are_in_the_ledger(tmp_path: Path, store: Store) -> None:
    line, load = stages(roster(SETTINGS), Ingest()), Load()
    for said in declared(tmp_path):
        parcel = Parcel(said, NOW)
        assert judge(parcel, load, line) is None
        load.store(parcel)
    assert {device.site for device, _ in load.gaps} == set(SITES)
    store.sink.commit(
        Write(
            worker="w",
            at=NOW,
            block=load.block,
            arrivals=load.arrivals(),
            dead=[],
            tallies=[],
            gaps=load.gaps,
        )
    )
    holes = store.ledger.holes(device="watcher")
    assert {(hole.channel, hole.reason) for hole in holes} == {("judgement", "full")}
    given_up = ranges.union(*(gap.ranges for _, gap in load.gaps))
    assert len(given_up) > 1  # with judgements in between, which went to alerts and are no holes
    assert ranges.union(*(hole.ranges for hole in holes)) == given_up


def test_no_mapping_speaks_for_a_producer() -> None:
    field = Field(pointer="/t", metric="temperature", unit="Cel")
    mapping = Mapping(name="foreign", topic="a/b", device="watcher", fields=(field,))
    parcel = Parcel(message(b"{}", topic="a/b"), NOW)
    verdict = judge(parcel, Load(), stages(roster(SETTINGS), Ingest(), mappings=Mappings([mapping])))
    assert verdict is not None
    assert verdict.reason is Reason.DEVICE
