"""Samples → pack → samples, in both forms; short and long way agree; what the RFC says of each field."""

import json
import math
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import measurements, senml
from contracts.batches import CBOR, JSON
from contracts.errors import Refused
from contracts.senml import columns
from contracts.series import Block, Data, Series, Value
from contracts.topics import Device, Kind

NOW = 1_764_547_200_000_000
DEVICE = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")

NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,12}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
OTHERS = st.one_of(st.booleans(), st.text(max_size=20), st.binary(max_size=20).map(Data))
TIMES = st.integers(senml.OLDEST, NOW + senml.AHEAD)
NOT_LISTED = st.builds(
    lambda metric, instance, unit: Series(
        site="bima", kind=Kind.KIOSK, device="kiosk-1", metric=metric, instance=instance, unit=unit
    ),
    NAMES.filter(lambda name: measurements.find(name) is None),
    st.one_of(st.just(""), NAMES),
    st.sampled_from(["", "Cel", "B", "/100", "kWh"]),
)
SAMPLES = st.lists(st.tuples(NOT_LISTED, TIMES, st.one_of(NUMBERS, OTHERS)), min_size=1, max_size=30)


def block_of(samples: list[tuple[Series, int, Value]]) -> Block:
    block = Block()
    for sample in samples:
        block.append(*sample)
    return block


def decoded(payload: bytes, content_type: str = JSON, **more: Any) -> list[tuple[Series, int, Value]]:
    block = Block()
    senml.decode(payload, content_type, DEVICE, now=NOW, block=block, **more)
    return list(block.rows())


def pack(*records: dict[str, Any]) -> list[tuple[str, str, int, Value]]:
    rows = decoded(json.dumps(records).encode())
    return [(series.metric, series.unit, time - NOW, value) for series, time, value in rows]


@given(SAMPLES, st.sampled_from([JSON, CBOR]))
def test_decode_is_the_inverse_of_encode(samples: list[tuple[Series, int, Value]], content_type: str) -> None:
    assert decoded(senml.encode(block_of(samples), content_type), content_type) == samples


@given(st.lists(st.tuples(NOT_LISTED, TIMES, NUMBERS), min_size=1, max_size=30))
def test_numbers_take_the_short_way(samples: list[tuple[Series, int, Value]]) -> None:
    block = Block()
    payload = senml.encode(block_of(samples))
    assert columns.append(payload, DEVICE, NOW, block, (), senml.Names()) == len(samples)
    assert list(block.rows()) == samples


FIELDS = st.one_of(
    st.sampled_from(
        [("t", 1), ("t", 0.25), ("t", 0), ("u", "B"), ("n", "b"), ("v", 2), ("bu", "K"), ("bt", 0)]
    ),
    st.sampled_from(
        [("bn", "x/"), ("bn", ":"), ("bn", "\\"), ("n", ":"), ("v", None), ("x", ":"), ("x_", 1)]
    ),
    st.sampled_from([("bver", 10), ("vs", "a"), ("ut", 1), ("s", 1)]),
)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """JSON text that a program need not have written: repeated labels, spaces around colons, escapes."""
    colon = draw(st.sampled_from([":", ":", " :", "\t: "]))
    texts = []
    for number in range(draw(st.integers(1, 3))):
        fields = [("n", "a"), ("v", 1), *draw(st.lists(FIELDS, max_size=3))]
        if number == 0:
            fields.append(("bt", 1_764_000_000))
        texts.append(",".join(f"{json.dumps(label)}{colon}{json.dumps(value)}" for label, value in fields))
    return ("[" + ",".join(f"{{{text}}}" for text in texts) + "]").encode()


@settings(max_examples=300)
@given(written())
def test_the_short_way_takes_only_what_the_long_way_resolves_alike(payload: bytes) -> None:
    short = Block()
    if columns.append(payload, DEVICE, NOW, short, (), senml.Names()) is None:
        assert len(short) == 0
        assert short.series == []
        return
    with mock.patch.object(columns, "append", return_value=None):
        assert decoded(payload) == list(short.rows())


def test_the_short_way_sees_a_label_given_twice() -> None:
    with pytest.raises(Refused, match="given twice"):
        decoded(b'[{"bt":1764547200,"n":"a","v":1,"t":1},{"n":"b","v":1,"v":2}]')


def test_an_escaped_colon_hides_no_label() -> None:
    with pytest.raises(Refused, match="given twice"):
        decoded(rb'[{"bn":"a\u003a","bt":1764547200,"n":"a","v":1},{"n":"b","v":1,"v":2}]')


def test_names_are_remembered_but_not_without_bound() -> None:
    names = senml.Names(most=50)
    for start in range(0, 300, 10):
        payload = json.dumps([{"n": f"m{start + i}", "v": 1, "t": NOW / 1e6} for i in range(10)]).encode()
        assert [row[0].metric for row in decoded(payload, names=names)] == [
            f"m{start + i}" for i in range(10)
        ]
        assert sum(len(table) for table in names._tables.values()) <= 50


def test_base_values_apply_from_their_record_on() -> None:
    assert pack(
        {"n": "a", "v": 1},
        {"bn": "x/", "bt": -10, "bu": "Cel", "bv": 20, "n": "a", "v": 1},
        {"n": "b", "t": -5, "u": "K", "v": 2},
    ) == [("a", "", 0, 1), ("x/a", "Cel", -10_000_000, 21), ("x/b", "K", -15_000_000, 22)]


def test_a_sum_is_a_series_beside_its_value() -> None:
    assert pack(
        {"n": "power", "u": "W", "v": 60, "s": 7200, "bs": 100}, {"n": "power", "u": "W", "s": 1}
    ) == [
        ("power", "W", 0, 60),
        ("power.sum", "J", 0, 7300),
        ("power.sum", "J", 0, 101),
    ]


def test_unknown_labels_are_ignored_whatever_they_hold() -> None:
    assert pack({"n": "a", "v": 1, "comment": {"deep": [1, {"x_": 2}]}}) == [("a", "", 0, 1)]


def test_local_own_and_registered_names() -> None:
    base = senml.base_name("kiosk-1")
    foreign = ("urn:dev:mac:0024befffe804ff1", "urn:dev:ow:10e2073a01080063:")
    names = [
        "temp",
        f"{base}temp_left",
        base,
        "urn:dev:mac:0024befffe804ff1/temp",
        "urn:dev:ow:10e2073a01080063:temp",
    ]
    rows = decoded(json.dumps([{"n": name, "v": 1} for name in names]).encode(), foreign=foreign)
    assert [(series.metric, series.instance) for series, *_ in rows] == [
        ("temp", ""), ("temp", "left"), ("value", ""), ("temp", ""), ("temp", ""),
    ]  # fmt: skip
    assert {series.address for series, *_ in rows} == {DEVICE}


def test_a_catalogued_metric_gets_its_unit() -> None:
    assert pack({"n": "temperature_cpu", "v": 40}) == [("temperature", "Cel", 0, 40)]


def test_times_are_exact_to_the_microsecond() -> None:
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="temp")
    times = [NOW + offset for offset in (999_999, 1, 0, 333_333, -1)]
    for content_type in (JSON, CBOR):
        payload = senml.encode(block_of([(series, time, 0.5) for time in times]), content_type)
        assert [time for _, time, _ in decoded(payload, content_type)] == times


def test_the_minus_of_zero_survives() -> None:
    series = Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric="temp")
    [(_, _, value)] = decoded(senml.encode(block_of([(series, NOW, -0.0)])))
    assert isinstance(value, float)
    assert math.copysign(1, value) == -1


def test_encode_wants_samples_of_one_device() -> None:
    with pytest.raises(ValueError, match="one device"):
        senml.encode(Block())
    two = block_of([
        (Series(site="bima", kind=Kind.KIOSK, device=device, metric="temp"), NOW, 1.0)
        for device in ("kiosk-1", "kiosk-2")
    ])  # fmt: skip
    with pytest.raises(ValueError, match="one device"):
        senml.encode(two)


def test_the_unit_of_most_rows_is_the_base_unit() -> None:
    rows: list[tuple[Series, int, Value]] = [
        (Series(site="bima", kind=Kind.KIOSK, device="kiosk-1", metric=metric, unit=unit), NOW, 1.0)
        for metric, unit in [("a", "Cel"), ("b", "B"), ("c", "B")]
    ]
    assert json.loads(senml.encode(block_of(rows))) == [
        {"bn": senml.base_name("kiosk-1"), "bt": NOW / 1e6, "bu": "B", "n": "a", "u": "Cel", "v": 1},
        {"n": "b", "v": 1},
        {"n": "c", "v": 1},
    ]
