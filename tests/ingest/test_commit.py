import asyncio

import pytest

from contracts.errors import Refused
from ingest.commit import Commit
from ingest.errors import Stopped
from ingest.gather import Load
from ingest.parcel import Parcel, Reason
from ingest.settings import Settings
from ingest.stages import judge, stages
from runtime.clock import Fake
from runtime.ids import factory
from store.errors import Failure, Gone, Rejected, Retry
from tests.ingest.parts import Frames, Roster, Sink, message


@pytest.fixture
def commit(sink: Sink, frames: Frames, clock: Fake) -> Commit:
    return Commit(sink=sink, frames=frames, worker="w1", clock=clock, ids=factory(clock), kept=1_000)


@pytest.fixture
def load(roster: Roster, clock: Fake) -> Load:
    """Three packs of two samples, each with a value that is not a number."""
    line, gathered = stages(roster, Settings()), Load()
    for seq in (1, 2, 3):
        parcel = Parcel(
            message([{"n": "a", "v": float(seq)}, {"n": f"b{seq}", "vs": "x"}], seq=seq), clock.now()
        )
        assert judge(parcel, gathered, line) is None
        gathered.store(parcel)
    return gathered


async def test_what_the_store_rejects_becomes_dead_letters_whole(
    commit: Commit, load: Load, sink: Sink
) -> None:
    sink.fails = [Rejected({2: "type conflict", 3: "type conflict"})]
    made, _ = await commit(load)
    (write,) = sink.writes
    assert [(s.metric, v) for s, _, v in write.block.rows()] == [
        ("a", 1.0),
        ("b1", "x"),
        ("a", 3.0),
        ("b3", "x"),
    ]
    assert [arrival.rows for arrival in write.arrivals] == [(0, 2), (2, 4)]
    (letter,) = write.dead
    assert letter.sequence is not None
    assert (letter.sequence.seq, letter.field, letter.value) == (2, "a", "2.0")
    assert letter.reason == "rejected: type conflict"
    assert letter.samples == 2
    assert made.reasons == {("telemetry", Reason.STORED): 2, ("telemetry", Reason.REJECTED): 1}
    assert len(made.parcels()) == 3


async def test_rows_that_nobody_sent_stop_the_worker(commit: Commit, load: Load, sink: Sink) -> None:
    sink.fails = [Rejected({17: "?"})]
    with pytest.raises(Failure, match="nobody"):
        await commit(load)


async def test_it_tries_again_until_it_is_durable(commit: Commit, load: Load, sink: Sink) -> None:
    sink.fails = [Retry("busy", after=0.001), Retry("busy", after=0.001)]
    made, committed = await asyncio.wait_for(commit(load), 10)
    assert made is load
    assert committed.stored == 6
    assert len(sink.writes) == 1


async def test_a_store_that_is_gone_stops_it(commit: Commit, load: Load, sink: Sink) -> None:
    sink.fails = [Gone("the file", cure="look for it")]
    with pytest.raises(Stopped, match="look for it"):
        await commit(load)


async def test_a_frame_that_is_refused_holds_up_nothing(
    commit: Commit, roster: Roster, clock: Fake, sink: Sink, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    from contracts.frames import Header, Purpose
    from contracts.topics import Channel

    line, gathered = stages(roster, Settings()), Load()
    for seq, picture in enumerate((b"one", b"two"), 1):
        header = Header(
            time=clock.now(),
            width=1,
            height=1,
            sha256=hashlib.sha256(picture).hexdigest(),
            purpose=Purpose.STILL,
        )
        sent = message(
            picture,
            channel=Channel.FRAME,
            seq=seq,
            properties=dict(header.properties()),
            content_type="image/png",
        )
        parcel = Parcel(sent, clock.now())
        assert judge(parcel, gathered, line) is None
        gathered.store(parcel)
    put = frames.put

    def refusing(device: object, header: Header, payload: bytes, content_type: str) -> object:
        if payload == b"one":
            raise Refused("sha256", header.sha256, "no")
        return put(device, header, payload, content_type)  # type: ignore[arg-type]

    monkeypatch.setattr(frames, "put", refusing)
    await commit(gathered)
    assert [payload for _, _, payload, _ in frames.kept] == [b"two"]
    (write,) = sink.writes
    assert (len(write.arrivals), len(write.dead)) == (1, 1)
