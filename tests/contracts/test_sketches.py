"""Sketches travel whole and small, and nothing else passes for one: the library that reads them is C++."""

import struct
from collections.abc import Callable

import datasketches
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import hyperloglog, senml, sitekeys, sketches
from contracts.batches import CBOR, JSON
from contracts.errors import Refused
from contracts.instants import HOUR, MINUTE
from contracts.series import LARGEST_VALUE, Block, Data, Series
from contracts.sketches import LG_K, METRIC, Sketch, Subject
from contracts.topics import Device, Kind

DAY = "2026-11-30"
START = sitekeys.bounds(DAY)[0] + 10 * HOUR
NODE = Device(site="bima", kind=Kind.WIFI, device="wifi-1")


def a_body(count: int, seed: int = 0) -> bytes:
    sketch = datasketches.hll_sketch(LG_K, datasketches.tgt_hll_type.HLL_4)
    for number in range(count):
        sketch.update((seed << 40) + number)
    raw: bytes = sketch.serialize_compact()
    return raw


def a_sketch(count: int = 100, **rest: object) -> Sketch:
    fields = {
        "site": "bima",
        "day": DAY,
        "key": "0123456789abcdef",
        "start": START,
        "end": START + 5 * MINUTE,
        "subject": Subject.STATIONS,
        "body": a_body(count),
    }
    return Sketch(**{**fields, **rest})  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 500, 3_000, 100_000, 1_000_000])
def test_a_sketch_of_any_size_travels_as_a_data_value(count: int) -> None:
    sketch = a_sketch(count)
    value = sketches.encode(sketch)
    assert len(value.raw) <= LARGEST_VALUE
    assert sketches.decode(value) == sketch
    assert sketch.hour == START


@pytest.mark.parametrize("encoding", [JSON, CBOR])
def test_it_travels_in_a_senml_pack(encoding: str) -> None:
    block, found = Block(), Block()
    series = Series(site="bima", kind=Kind.WIFI, device="wifi-1", metric=METRIC, instance="stations")
    block.append(series, START, sketches.encode(a_sketch(5_000)))
    payload = senml.encode(block, encoding)
    assert sketches.within(payload)
    assert senml.decode(payload, encoding, NODE, now=START, block=found) == 1
    assert list(found.rows()) == list(block.rows())


def senml_of(value: Data, instance: str = "stations") -> bytes:
    block = Block()
    series = Series(site="bima", kind=Kind.WIFI, device="wifi-1", metric=METRIC, instance=instance)
    block.append(series, START, value)
    return senml.encode(block, JSON)


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"site": "other"}, "sketch.site"),
        ({"subject": Subject.USERS}, "sketch.subject"),
        ({"form": 2}, "sketch.form"),
        ({"key": "no key"}, "key"),
        ({"day": "2026-11-29"}, "sketch.day"),
        ({"day": "today"}, "day"),
        ({"end": START + 7 * MINUTE}, "sketch.start"),
        ({"start": START + 1}, "sketch.start"),
        ({"end": START + 2 * HOUR}, "sketch.start"),
        ({"body": b""}, "sketch.body"),
        ({"body": a_body(100)[:-1]}, "sketch.body"),
        ({"body": a_body(5_000) + b"\x00"}, "sketch.body"),
    ],
)
def test_a_wrong_sketch_is_refused_by_the_field_that_is_wrong(wrong: dict[str, object], field: str) -> None:
    sketch = a_sketch(**wrong)  # type: ignore[arg-type]
    payload = senml_of(sketches.encode(sketch))
    with pytest.raises(Refused) as caught:
        senml.decode(payload, JSON, NODE, now=START, block=Block())
    assert caught.value.field == field


def test_a_refusal_shows_nothing_of_the_sketch() -> None:
    value = Data(msgspec.msgpack.encode(["PLANTED" * 4]))
    with pytest.raises(Refused) as caught:
        sketches.decode(value)
    assert "PLANTED" not in str(caught.value)


def test_numbers_and_text_are_no_sketch() -> None:
    for record in (b'"v":1', b'"vs":"x"', b'"vb":true'):
        with pytest.raises(Refused):
            senml.decode(
                b'[{"n":"visitors.sketch_stations",%s}]' % record, JSON, NODE, now=START, block=Block()
            )


@pytest.mark.parametrize(
    "metric", ["visitors.unique", "visitors.unique.low", "visitors.users", "visitors.state"]
)
def test_a_device_may_not_say_what_the_store_merges(metric: str) -> None:
    with pytest.raises(Refused, match="reserved"):
        senml.decode(b'[{"n":"%s","v":5}]' % metric.encode(), JSON, NODE, now=START, block=Block())


def refused(body: bytes) -> str:
    with pytest.raises(Refused) as caught:
        hyperloglog.check(body, LG_K)
    return caught.value.reason


def test_a_register_that_points_to_no_exception_is_refused_although_the_sums_are_right() -> None:
    """This one ends the process of whoever merges it."""
    body = bytearray(a_body(5_000))
    place = next(place for place in range(40, len(body)) if body[place] & 15)
    value = body[place] & 15
    body[place] |= 15
    (total,) = struct.unpack_from("<d", body, 16)
    struct.pack_into("<d", body, 16, total - 2.0**-value)
    assert "do not match" in refused(bytes(body))


@pytest.mark.parametrize(
    "people,place,byte,reason",
    [
        (5, 4, 30, "another length"),  # 2^30 slots would be made
        (5, 11, 0, "coupons"),
        (300, 4, 30, "fuller"),
        (300, 8, 0, "another length"),
        (5_000, 6, 60, "least"),
        (5_000, 32, 1, "least"),
        (5_000, 23, 0x7F, "sums"),
        (5_000, 5, 0, "compact"),
        (5_000, 7, 6, "HLL_4"),
        (5_000, 3, 13, "2^14"),
    ],
)
def test_what_a_body_says_of_itself_must_be_so(people: int, place: int, byte: int, reason: str) -> None:
    body = bytearray(a_body(people))
    hyperloglog.check(bytes(body), LG_K)
    body[place] = byte
    assert reason in refused(bytes(body))


@st.composite
def spoilt(draw: Callable[..., int]) -> bytes:
    body = bytearray(a_body(draw(st.sampled_from([0, 5, 300, 3_000, 50_000]))))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.one_of(st.integers(0, min(47, len(body) - 1)), st.integers(0, len(body) - 1)))
        body[place] = draw(st.integers(0, 255))
    return bytes(body)


@settings(max_examples=300, deadline=None)
@given(spoilt())
def test_what_passes_does_the_library_no_harm(body: bytes) -> None:
    """Unchecked, the first of these ends the process: a device could have stopped the whole city's ingest."""
    try:
        sketches.decode(sketches.encode(a_sketch(body=body)))
    except Refused:
        return
    union = datasketches.hll_union(LG_K)
    union.update(datasketches.hll_sketch.deserialize(body))
    merged = union.get_result(datasketches.tgt_hll_type.HLL_4)
    assert 0 <= merged.get_estimate() < 1e13
    merged.serialize_compact()


@given(st.binary(max_size=300))
def test_bytes_are_no_sketch(raw: bytes) -> None:
    with pytest.raises(Refused):
        sketches.decode(Data(raw))
