import hashlib
from collections.abc import Callable

import pytest

from contracts import batches, events, instants
from contracts.frames import Header, Purpose
from contracts.topics import Channel
from ingest.gather import Load
from ingest.parcel import Parcel, Reason, Verdict
from ingest.settings import Settings, Share
from ingest.stages import judge, stages
from runtime.clock import Fake
from tests.ingest.parts import GATE, PARK, Message, Roster, message

Through = Callable[[Message], tuple[Parcel, Load, Verdict | None]]
PACK = [{"n": "cpu.utilization", "u": "/", "v": 0.5}, {"n": "cpu.utilization", "v": 0.25, "t": -60}]


def test_a_pack_becomes_samples(through: Through, clock: Fake) -> None:
    _, load, verdict = through(message(PACK, seq=7))
    assert verdict is None
    assert [(s.device, s.metric, s.unit, t, v) for s, t, v in load.block.rows()] == [
        ("kiosk-1", "cpu.utilization", "/", clock.now(), 0.5),
        ("kiosk-1", "cpu.utilization", "/", clock.now() - 60 * instants.SECOND, 0.25),
    ]
    (arrival,) = load.arrivals()
    assert (arrival.rows, arrival.channel, arrival.device) == ((0, 2), "telemetry", GATE)
    assert arrival.sequence is not None
    assert arrival.sequence.seq == 7
    assert sum(arrival.counts.values()) == 2


def test_samples_are_counted_in_their_hours(through: Through, clock: Fake) -> None:
    hour = instants.floor(clock.now(), instants.HOUR)
    pack = [
        {"n": "x", "v": float(i), "t": instants.to_seconds(hour - instants.SECOND + i * instants.SECOND)}
        for i in range(3)
    ]
    parcel, _, verdict = through(message(pack))
    assert verdict is None
    assert parcel.counts == {hour - instants.HOUR: 1, hour: 2}


@pytest.mark.parametrize(
    "bad,reason,field",
    [
        (message(PACK, topic="imm/v1/bima/kiosk/kiosk-1/nonsense"), Reason.TOPIC, "channel"),
        (message(PACK, topic="imm/v1/bima/kiosk/kiosk-1/command"), Reason.TOPIC, "topic"),
        (message(PACK, topic="elsewhere"), Reason.TOPIC, "topic"),
        (message(PACK, topic="imm/v1/bima/kiosk/stranger/telemetry"), Reason.DEVICE, "device"),
        (message(PACK, topic="imm/v1/elsewhere/kiosk/kiosk-1/telemetry"), Reason.DEVICE, "topic"),
        (message(PACK, topic="imm/v1/bima/wifi/kiosk-1/telemetry"), Reason.DEVICE, "topic"),
        (message(PACK, properties={"stream": "kiosk-1/telemetry"}), Reason.SEQUENCE, "epoch"),
        (message(PACK, seq=1, properties={"seq": "0"}), Reason.SEQUENCE, "seq"),
        (message(PACK, seq=1, properties={"stream": "wifi-1/telemetry"}), Reason.SEQUENCE, "stream"),
        (message(PACK, seq=1, properties={"stream": "kiosk-1/event"}), Reason.SEQUENCE, "stream"),
        (message(b""), Reason.SIZE, "payload"),
        (message(b"[" + b" " * batches.LARGEST), Reason.SIZE, "payload"),
        (message(PACK, content_type="text/csv"), Reason.TYPE, "content_type"),
        (message(b"{", content_type=batches.JSON), Reason.CONTENT, "payload"),
        (message([{"n": "cpu.utilization", "u": "Cel", "v": 1.0}]), Reason.CONTENT, "u"),
        (message([{"n": "status", "vs": "online"}]), Reason.CONTENT, "n"),
        (message([{"n": "x", "v": 1.0, "t": 1_790_003_600}]), Reason.TIME, "t"),
        (message([{"n": "x", "v": 1.0, "t": 1_400_000_000}]), Reason.TIME, "t"),
        (message(b"\xff", channel=Channel.STATUS), Reason.CONTENT, "status"),
        (message(b"x" * 5_000, channel=Channel.STATUS), Reason.SIZE, "payload"),
        (message(b"[]", channel=Channel.EVENT), Reason.CONTENT, "event"),
        (message(b"x", channel=Channel.FRAME, content_type="image/jpeg"), Reason.CONTENT, "frame"),
    ],
)
def test_what_is_wrong_is_refused_by_name(through: Through, bad: Message, reason: Reason, field: str) -> None:
    _, load, verdict = through(bad)
    assert verdict is not None
    assert (verdict.reason, verdict.field) == (reason, field)
    assert verdict.why
    assert load.mark() == Load().mark()


def test_a_refused_message_leaves_its_neighbours_alone(roster: Roster, clock: Fake) -> None:
    line = stages(roster, Settings())
    load = Load()
    future = instants.to_seconds(clock.now()) + 3_600
    for pack in (PACK, [{"n": "a", "v": 1.0}, {"n": "b", "v": 1.0, "t": future}], PACK):
        parcel = Parcel(message(pack), clock.now())
        if judge(parcel, load, line) is None:
            load.store(parcel)
    assert [arrival.rows for arrival in load.arrivals()] == [(0, 2), (2, 4)]
    assert {series.metric for series, _, _ in load.block.rows()} == {"cpu.utilization"}
    assert len(load.block.series) == 1


def test_events_become_samples_gaps_and_tallies(through: Through, clock: Fake) -> None:
    now = clock.now()
    gap = events.Gap(
        id="g", time=now, channel="telemetry", epoch=3, ranges=((4, 6),), samples={0: 30}, reason="full"
    )
    tally = events.Tally(id="t", time=now, epoch=3, spooled=0, oldest=0, rows=())
    told = (
        events.Alarm(id="a", time=now, name="door.opened"),
        events.Alarm(id="b", time=now, name="door.opened"),
        gap,
        tally,
        events.Probe(id="p", time=now),
    )
    parcel, load, verdict = through(message(events.encode(told), channel=Channel.EVENT, seq=1))
    assert verdict is None
    assert parcel.counts == {instants.floor(now, instants.HOUR): 2}
    assert load.gaps == [(GATE, gap)]
    assert load.tallies == [(GATE, tally)]
    assert [event for _, event in load.events] == list(told)
    assert [(s.metric, s.instance, t) for s, t, _ in load.block.rows()] == [
        ("event.alarm", "door.opened", now),
        ("event.alarm", "door.opened", now + 1),
        ("event.gap", "", now),
        ("event.probe", "", now),
    ]


def test_status_is_a_sample_but_its_retained_copy_is_not(through: Through, clock: Fake) -> None:
    _, load, verdict = through(message(b'{"state":"online"}', channel=Channel.STATUS))
    assert verdict is None
    ((series, time, value),) = load.block.rows()
    assert (series.metric, time, value) == ("status", clock.now(), '{"state":"online"}')
    _, _, verdict = through(message(b"offline", channel=Channel.STATUS, retain=True))
    assert verdict is not None
    assert verdict.reason is Reason.RETAINED


def test_a_frame_waits_for_its_place(through: Through, clock: Fake) -> None:
    picture = b"\xff\xd8 not really"
    header = Header(
        time=clock.now(),
        width=640,
        height=480,
        sha256=hashlib.sha256(picture).hexdigest(),
        purpose=Purpose.STILL,
    )
    sent = message(
        picture,
        channel=Channel.FRAME,
        seq=1,
        properties=dict(header.properties()),
        content_type="image/jpeg",
    )
    _, load, verdict = through(sent)
    assert verdict is None
    (frame,) = load.frames
    assert (frame.header, frame.payload, frame.content_type) == (header, picture, "image/jpeg")
    assert load.arrivals()[0].counts == {instants.floor(clock.now(), instants.HOUR): 1}
    sent.payload += b"!"
    _, _, verdict = through(sent)
    assert verdict is not None
    assert verdict.field == "sha256"


def test_a_runaway_name_is_stopped(roster: Roster, clock: Fake) -> None:
    line = stages(roster, Settings(share=Share(series=5)))
    verdicts = [
        judge(Parcel(message([{"n": f"m{i}", "v": 1.0}]), clock.now()), Load(), line) for i in range(7)
    ]
    assert [verdict.reason if verdict else None for verdict in verdicts] == [None] * 5 + [Reason.SERIES] * 2
    again = judge(Parcel(message([{"n": "m0", "v": 1.0}]), clock.now()), Load(), line)
    neighbour = judge(Parcel(message([{"n": "m6", "v": 1.0}], device=PARK), clock.now()), Load(), line)
    assert (again, neighbour) == (None, None)
