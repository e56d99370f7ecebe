"""Packs that must be refused: recorded cases and whatever Hypothesis thinks of."""

import json
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import senml
from contracts.batches import CBOR, JSON
from contracts.errors import Refused
from contracts.series import Block, Series
from contracts.topics import Device, Kind

NOW = 1_764_547_200_000_000
DEVICE = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
CASES = sorted((Path(__file__).parents[2] / "cases" / "senml").iterdir())


def block() -> Block:
    """A block that already holds a row."""
    filled = Block()
    filled.append(Series(site="bima", kind=Kind.KIOSK, device="kiosk-9", metric="temp"), NOW, 1.0)
    return filled


def assert_unchanged(filled: Block) -> None:
    assert list(filled.rows()) == list(block().rows())
    assert filled.series == block().series


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recorded_case_is_refused_with_field_and_reason(case: Path) -> None:
    [payload] = case.glob("payload.*")
    expected = json.loads((case / "refused.json").read_text())
    filled = block()
    with pytest.raises(Refused) as caught:
        senml.decode(
            payload.read_bytes(),
            CBOR if payload.suffix == ".cbor" else JSON,
            DEVICE,
            now=NOW,
            block=filled,
        )
    assert caught.value.field == expected["field"]
    assert expected["reason"] in caught.value.reason
    assert len(caught.value.value) <= 120
    assert_unchanged(filled)


def test_refusal_names_the_record() -> None:
    with pytest.raises(Refused, match="in record 2"):
        senml.decode(b'[{"n":"a","v":1},{"n":"a","v":"x"}]', "", DEVICE, now=NOW, block=Block())


def test_unknown_content_type_is_refused() -> None:
    with pytest.raises(Refused, match="content_type"):
        senml.decode(b'[{"n":"a","v":1}]', "application/xml", DEVICE, now=NOW, block=Block())


def test_a_payload_beyond_the_limit_is_refused() -> None:
    with pytest.raises(Refused, match="at most 1000000 bytes"):
        senml.decode(b" " * 1_000_001, "", DEVICE, now=NOW, block=Block())


def attempt(payload: bytes, content_type: str) -> None:
    filled = block()
    try:
        count = senml.decode(payload, content_type, DEVICE, now=NOW, block=filled)
    except Refused:
        assert_unchanged(filled)
    else:
        assert count >= 1
        assert len(filled) == 1 + count


VALID = (
    b'[{"bn":"urn:dev:org:32473-cirebon:kiosk-1:","bt":1764547200,"bu":"Cel","n":"temp","v":1},'
    b'{"n":"b","v":2}]'
)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(payload: bytes) -> None:
    attempt(payload, JSON)
    attempt(payload, CBOR)


@given(st.integers(0, len(VALID) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_pack_is_refused_or_read(place: int, damage: bytes) -> None:
    attempt(VALID[:place] + damage + VALID[place + len(damage) :], JSON)
    attempt(VALID[:place] + damage + VALID[place:], JSON)


LABELS = st.sampled_from(
    ["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x", "x_"]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["temp", "Cel", 1.5]),
)
RECORDS = st.dictionaries(LABELS, st.one_of(LEAVES, st.lists(LEAVES, max_size=2)), max_size=6)


@given(st.lists(RECORDS, max_size=4))
def test_any_json_structure_is_refused_or_read(pack: list[object]) -> None:
    attempt(json.dumps(pack).encode(), JSON)


@given(st.lists(st.dictionaries(st.one_of(st.integers(-7, 9), st.just("x")), LEAVES, max_size=6), max_size=4))
def test_any_cbor_structure_is_refused_or_read(pack: list[object]) -> None:
    attempt(cbor2.dumps(pack), CBOR)
