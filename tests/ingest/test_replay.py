from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.instants import DAY, MINUTE
from contracts.series import Selector
from ingest import letters
from ingest.commit import Commit
from ingest.errors import Unreplayable
from ingest.gather import Load
from ingest.parcel import Parcel
from ingest.replay import Replay
from ingest.settings import Settings
from ingest.stages import judge, stages
from runtime.clock import Fake
from runtime.ids import factory
from store.bundle import Store, open_store
from store.settings import Embedded, Frames
from store.settings import Settings as StoreSettings
from tests.ingest.parts import GATE, PARK, Message, Roster, message

PACK = [{"n": "x", "v": 1.0, "t": -60}, {"n": "x", "v": 2.0}]


@pytest.fixture
def store(tmp_path: Path, clock: Fake) -> Iterator[Store]:
    settings = StoreSettings(
        embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=128),
        frames=Frames(path=tmp_path / "frames"),
    )
    with open_store(settings, clock) as opened:
        yield opened


class City:
    """A store, and a roster that may be mended."""

    def __init__(self, store: Store, clock: Fake) -> None:
        self.store = store
        self.clock = clock
        self.roster = Roster(PARK)
        self.replay = Replay(
            dead=store.dead_letters,
            sink=store.sink,
            frames=store.frames,
            reader=store.engine,
            roster=self.roster,
            clock=clock,
            settings=Settings(),
        )

    def send(self, message: Message, kept: int = 1_000) -> str:
        """Judge and commit one message; id of the dead letter that it became, or nothing."""
        ids = factory(self.clock)
        load, parcel = Load(), Parcel(message, self.clock.now())
        verdict = judge(parcel, load, stages(self.roster, Settings()))
        letter = ""
        if verdict is None:
            load.store(parcel)
        else:
            letter = ids()
            load.bury(parcel, verdict.reason, letters.letter(parcel, verdict, id_=letter, kept=kept))
        Commit(
            sink=self.store.sink,
            frames=self.store.frames,
            worker="w1",
            clock=self.clock,
            ids=ids,
            kept=kept,
        ).once(load)
        return letter

    def values(self) -> list[tuple[int, object]]:
        found = self.store.engine.range(
            Selector(devices=(GATE.device,)), self.clock.now() - DAY, self.clock.now()
        )
        return [pair for points in found for pair in zip(points.times, points.values, strict=True)]


@pytest.fixture
def city(store: Store, clock: Fake) -> City:
    return City(store, clock)


def test_after_the_fix_a_letter_is_stored_as_if_it_had_just_come_then(city: City) -> None:
    came = city.clock.now()
    letter = city.send(message(PACK, seq=4))
    city.clock.advance(3_600)
    refused = city.replay.dry_run(letter)
    assert not refused.accepted
    assert refused.verdict is not None
    assert refused.verdict.field == "device"
    with pytest.raises(Unreplayable, match="unknown-device"):
        city.replay.replay(letter)
    city.roster.entries |= Roster(GATE).entries
    outcome = city.replay.dry_run(letter)
    assert (outcome.accepted, outcome.samples, outcome.same) == (True, 2, 0)
    assert [(change.time, change.stored, change.value) for change in outcome.changes] == [
        (came - MINUTE, None, 1.0),
        (came, None, 2.0),
    ]
    assert city.values() == []
    assert city.replay.replay(letter).samples == 2
    assert city.values() == [(came - MINUTE, 1.0), (came, 2.0)]
    assert city.store.dead_letters.get(letter).replayed == city.clock.now()
    assert city.store.dead_letters.list() == []
    with pytest.raises(Unreplayable, match="before"):
        city.replay.dry_run(letter)
    (row,) = city.store.ledger.rows(0, city.clock.now() + DAY)
    assert (row.stored, row.dead, row.duplicated) == (2, 0, 0)


def test_the_dry_run_says_what_would_change(city: City) -> None:
    letter = city.send(message(PACK))
    city.roster.entries |= Roster(GATE).entries
    city.send(message([{"n": "x", "v": 1.0, "t": -60}, {"n": "x", "v": 9.0}]))
    city.clock.advance(1)
    outcome = city.replay.dry_run(letter)
    assert outcome.same == 1
    (change,) = outcome.changes
    assert (change.stored, change.value) == (9.0, 2.0)


def test_a_letter_that_was_cut_stays_one(city: City) -> None:
    letter = city.send(message(b"[" + b" " * 100), kept=10)
    assert len(city.store.dead_letters.get(letter).payload) == 10
    with pytest.raises(Unreplayable, match="only 10"):
        city.replay.dry_run(letter)


def test_an_unknown_letter_is_said_so(city: City) -> None:
    with pytest.raises(LookupError):
        city.replay.replay("nothing")
