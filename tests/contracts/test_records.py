"""Records that cross a boundary survive the way, and their decoders refuse everything else."""

import hashlib
from array import array
from collections.abc import Callable
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import alerts, cloudevents, events, feed, instants, judgements
from contracts.errors import Refused, shown
from contracts.events import Alarm, Event, Gap, Probe, Stray, Tally, TallyRow
from contracts.frames import LARGEST, Header, Purpose
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from contracts.series import Block, Data, Series, Value
from contracts.topics import Device, Kind

TIMES = st.integers(0, 2**62)
COUNTS = st.integers(0, 2**48)
WORDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=20)
EVENTS = st.one_of(
    st.builds(Alarm, id=TEXT, time=TIMES, name=TEXT, text=TEXT, values=st.dictionaries(TEXT, st.booleans())),
    st.builds(
        Gap,
        id=TEXT,
        time=TIMES,
        channel=WORDS,
        epoch=TIMES,
        ranges=st.just(((1, 3), (7, 7))),
        samples=st.dictionaries(TIMES, COUNTS, max_size=3),
        reason=WORDS,
    ),
    st.builds(
        Tally,
        id=TEXT,
        time=TIMES,
        epoch=TIMES,
        spooled=COUNTS,
        oldest=TIMES,
        rows=st.lists(
            st.builds(
                TallyRow,
                channel=WORDS,
                hour=TIMES,
                recorded=COUNTS,
                sent=COUNTS,
                shed=st.integers(1_000, 2**48),
                strays=st.lists(
                    st.builds(
                        Stray,
                        epoch=TIMES,
                        first=st.integers(1, 5),
                        last=st.integers(5, 10),
                        each=st.integers(0, 20),
                    ),
                    max_size=5,
                ).map(tuple),
            ),
            max_size=3,
        ).map(tuple),
    ),
    st.builds(Probe, id=TEXT, time=TIMES),
)
BODIES = st.builds(
    Judgement,
    id=TEXT,
    producer=TEXT,
    verdict=st.sampled_from(Verdict),
    rule=TEXT,
    rule_hash=TEXT,
    fingerprint=TEXT,
    site=TEXT,
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    severity=st.sampled_from(Severity),
    title=st.builds(Text, id=TEXT, en=TEXT),
    time=TIMES,
    judged=TIMES,
    evidence=st.builds(
        Evidence, metric=TEXT, value=st.none() | NUMBERS, why=st.builds(Text, id=TEXT, en=TEXT)
    ),
    probe=st.booleans(),
)


@given(st.lists(EVENTS, min_size=1, max_size=4).map(tuple))
def test_events_survive_the_way(sent: tuple[Event, ...]) -> None:
    assert events.decode(events.encode(sent)) == sent


@given(BODIES)
def test_a_judgement_survives_the_way(judgement: Judgement) -> None:
    assert judgements.decode(judgements.encode(judgement)) == judgement


def test_an_alert_survives_the_way() -> None:
    alert = alerts.Alert(
        id="a1",
        revision=1,
        state=alerts.State.FIRING,
        fingerprint="f",
        rule="kiosk-hot",
        rule_hash="h",
        site="bima",
        labels={"device": "kiosk-1"},
        severity=Severity.SEVERE,
        title=Text(id="Panas", en="Hot"),
        evidence=Evidence(value=80.5),
        started=1,
        updated=2,
    )
    assert alerts.decode(alerts.encode(alert)) == alert


def test_a_cloud_event_survives_the_way() -> None:
    event = cloudevents.CloudEvent(
        id="1",
        source="/alerts",
        type=f"{cloudevents.PREFIX}alert.firing",
        subject="a1",
        time="2026-01-01T00:00:00Z",
        data={"a": 1},
    )
    assert cloudevents.decode(cloudevents.encode(event)) == event
    assert b"dataschema" not in cloudevents.encode(event)  # where it is present it may not be empty
    named = msgspec.structs.replace(event, dataschema="https://imm.example/alert.json")
    assert cloudevents.decode(cloudevents.encode(named)) == named


def test_a_cloud_event_of_another_version_is_refused() -> None:
    payload = b'{"id":"1","source":"/a","type":"t","subject":"s","time":"x","data":1,"specversion":"0.3"}'
    with pytest.raises(Refused, match="specversion"):
        cloudevents.decode(payload)


@pytest.mark.parametrize(
    "decode", [events.decode, judgements.decode, alerts.decode, cloudevents.decode, feed.decode]
)
@given(
    payload=st.one_of(
        st.binary(max_size=50), st.sampled_from([b"[]", b"{}", b"[[]]", b"[" * 9999, b'"\xff"'])
    )
)
def test_anything_else_is_refused(decode: Callable[[bytes], object], payload: bytes) -> None:
    with pytest.raises(Refused):
        decode(payload)


def test_a_number_that_no_store_could_hold_is_refused() -> None:
    with pytest.raises(Refused):
        events.decode(b'[{"type":"probe","id":"1","time":9223372036854775808}]')


def test_too_many_events_are_refused() -> None:
    with pytest.raises(Refused, match="1 to 1000"):
        events.decode(events.encode((Probe(id="1", time=1),) * 1001))


@pytest.mark.parametrize(
    "strays,field",
    [
        ([[1, 5, 4, 0]], "before it starts"),
        ([[1, 1, 2, 4], [1, 1, 1, 1]], "at most what was shed, 8"),
        ([[1, 1, 2**62, 2**48]], "at most what was shed, 8"),
        ([[1, 1, 1, 0]] * 1_001, "length <= 1000"),
    ],
)
def test_strays_beyond_what_was_shed_are_refused(strays: list[list[int]], field: str) -> None:
    """One device's numbers must not break the sums of all."""
    row = {"channel": "telemetry", "hour": 0, "recorded": 9, "sent": 9, "shed": 8, "strays": strays}
    tally = {"type": "tally", "id": "t", "time": 1, "epoch": 1, "spooled": 0, "oldest": 0, "rows": [row]}
    with pytest.raises(Refused, match=field):
        events.decode(msgspec.json.encode([tally]))


def test_a_row_without_strays_is_as_it_was_before_there_were_any() -> None:
    row = TallyRow(channel="telemetry", hour=0, recorded=1, sent=0, shed=0)
    assert b"strays" not in msgspec.json.encode(row)


SERIES = st.builds(
    Series, site=st.just("bima"), kind=st.sampled_from(Kind), device=st.just("d"), metric=TEXT, unit=TEXT
)
ROWS = st.lists(
    st.tuples(
        SERIES, st.integers(0, 2**62), st.one_of(NUMBERS, TEXT, st.booleans(), st.builds(Data, st.binary()))
    )
)


@given(ROWS, st.lists(EVENTS, max_size=2))
def test_the_feed_survives_the_way(rows: list[tuple[Series, int, Value]], told: list[Event]) -> None:
    block = Block()
    for row in rows:
        block.append(*row)
    device = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
    sent = feed.Accepted(
        worker="w",
        seq=1,
        started=2,
        watermark=3,
        block=block,
        events=tuple((device, event) for event in told),
    )
    got = feed.decode(feed.encode(sent))
    assert list(got.block.rows()) == rows
    assert (got.worker, got.seq, got.started, got.watermark, got.events) == ("w", 1, 2, 3, sent.events)


def test_a_feed_of_columns_that_do_not_fit_is_refused() -> None:
    block = Block()
    block.append(Series(site="bima", kind=Kind.KIOSK, device="d", metric="m"), 1, 1.0)
    block.times = array("q")
    with pytest.raises(Refused, match="different length"):
        feed.decode(feed.encode(feed.Accepted(worker="w", seq=1, started=1, watermark=1, block=block)))


@given(ROWS, ROWS)
def test_blocks_add_up_and_take_back(
    first: list[tuple[Series, int, Value]], second: list[tuple[Series, int, Value]]
) -> None:
    one, two = Block(), Block()
    for row in first:
        one.append(*row)
    for row in second:
        two.append(*row)
    rows, series = len(one), len(one.series)
    one.extend(two)
    assert list(one.rows()) == first + second
    one.cut(rows, series)
    assert list(one.rows()) == first
    one.extend(two)
    assert list(one.rows()) == first + second


JPEG = b"\xff\xd8 a picture"
HEADERS = st.builds(
    Header,
    time=TIMES,
    width=st.integers(1, 9999),
    height=st.integers(1, 9999),
    sha256=st.just(hashlib.sha256(JPEG).hexdigest()),
    purpose=st.sampled_from(Purpose),
    redacted=st.sampled_from(["", "faces", "faces,plates"]),
    model=TEXT,
    chain=TEXT,
)


@given(HEADERS)
def test_a_frame_header_survives_the_way(header: Header) -> None:
    assert Header.parse(dict(header.properties())) == header
    header.check(JPEG)


def test_a_frame_of_other_bytes_is_refused() -> None:
    header = Header(time=1, width=1, height=1, sha256=hashlib.sha256(JPEG).hexdigest(), purpose=Purpose.STILL)
    for payload, reason in [(JPEG + b"x", "digest"), (b"", "bytes"), (b"x" * (LARGEST + 1), "bytes")]:
        with pytest.raises(Refused, match=reason):
            header.check(payload)


@pytest.mark.parametrize("change", [{"time": "x"}, {"width": "-"}, {"purpose": "fun"}, {"sha256": "abc"}])
def test_a_wrong_frame_header_is_refused(change: dict[str, str]) -> None:
    good = {"time": "1", "width": "1", "height": "1", "sha256": "0" * 64, "purpose": "still"}
    Header.parse(good)
    with pytest.raises(Refused):
        Header.parse(good | change)


@given(st.integers(0, 4_102_444_800_000_000))
def test_an_instant_survives_seconds_and_text(micros: int) -> None:
    assert instants.from_seconds(instants.to_seconds(micros)) == micros
    assert instants.from_rfc3339(instants.to_rfc3339(micros)) == micros
    assert instants.from_datetime(instants.to_datetime(micros)) == micros


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        instants.from_datetime(datetime(2026, 1, 1))  # noqa: DTZ001  # the thing to refuse
    with pytest.raises(ValueError, match="naive"):
        instants.from_rfc3339("2026-01-01T00:00:00")


def test_a_fingerprint_depends_on_rule_and_labels_alone() -> None:
    same = judgements.fingerprint("r", {"a": "1", "b": "2"})
    assert judgements.fingerprint("r", {"b": "2", "a": "1"}) == same
    others = [("q", {"a": "1", "b": "2"}), ("r", {"a": "1"}), ("r", {"a": "12", "b": ""}), ("r", {})]
    assert same not in {judgements.fingerprint(rule, labels) for rule, labels in others}


@given(st.one_of(st.text(), st.binary(), st.integers()))
def test_a_refused_value_is_shown_on_one_short_line(value: object) -> None:
    text = shown(value)
    assert len(text) <= 120
    assert text.isprintable()
