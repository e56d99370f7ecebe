import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import batches, ranges, receipts
from contracts.errors import Refused
from contracts.receipts import Receipt

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
COUNTS = st.integers(1, 2**62)
STREAMS = st.builds(batches.Stream, device=NAMES, channel=NAMES)
SEQUENCES = st.builds(batches.Sequence, stream=STREAMS, epoch=COUNTS, seq=COUNTS, attempt=COUNTS)
RECEIPTS = st.builds(
    Receipt,
    stream=STREAMS.map(str),
    epoch=COUNTS,
    ranges=st.sets(st.integers(1, 1000), min_size=1).map(ranges.of),
)


@given(SEQUENCES)
def test_properties_say_the_whole_sequence(sequence: batches.Sequence) -> None:
    assert batches.sequence(dict(sequence.properties())) == sequence


def test_a_batch_without_properties_has_no_sequence() -> None:
    assert batches.sequence({"trace": "x"}) is None


@pytest.mark.parametrize(
    "change,field",
    [
        ({"stream": ""}, "stream"),
        ({"stream": "kiosk-1"}, "stream"),
        ({"stream": "kiosk-1/telemetry/x"}, "stream"),
        ({"epoch": ""}, "epoch"),
        ({"epoch": "-1"}, "epoch"),
        ({"epoch": "1.0"}, "epoch"),
        ({"epoch": "٣"}, "epoch"),
        ({"seq": "0"}, "seq"),
        ({"seq": "4611686018427387905"}, "seq"),
        ({"seq": "9" * 5000}, "seq"),
        ({"attempt": "first"}, "attempt"),
    ],
)
def test_a_wrong_property_is_refused(change: dict[str, str], field: str) -> None:
    properties = {"stream": "kiosk-1/telemetry", "epoch": "1", "seq": "1", "attempt": "1"}
    with pytest.raises(Refused) as caught:
        batches.sequence(properties | change)
    assert caught.value.field == field


@pytest.mark.parametrize("left_out", ["stream", "epoch", "seq"])
def test_a_partial_sequence_is_refused(left_out: str) -> None:
    properties = {"stream": "kiosk-1/telemetry", "epoch": "1", "seq": "1"}
    del properties[left_out]
    with pytest.raises(Refused) as caught:
        batches.sequence(properties)
    assert caught.value.field == left_out


@given(RECEIPTS)
def test_a_receipt_survives_the_way(receipt: Receipt) -> None:
    assert receipts.decode(receipts.encode(receipt)) == receipt


def test_a_receipt_is_put_in_order() -> None:
    receipt = receipts.decode(b'{"stream":"kiosk-1/telemetry","epoch":1,"ranges":[[7,9],[1,3],[4,5]]}')
    assert receipt.ranges == ((1, 5), (7, 9))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"stream":"kiosk-1/telemetry","epoch":1,"ranges":[]}',
        b'{"stream":"kiosk-1","epoch":1,"ranges":[[1,2]]}',
        b'{"stream":"kiosk-1/telemetry","epoch":1,"ranges":[[2,1]]}',
        b'{"stream":"kiosk-1/telemetry","epoch":1,"ranges":[[1]]}',
        b'{"stream":"kiosk-1/telemetry","epoch":"1","ranges":[[1,2]]}',
        b'{"stream":"kiosk-1/telemetry","epoch":1,"ranges":[' + b",".join([b"[1,2]"] * 1001) + b"]}",
        b"\xff",
    ],
)
def test_a_wrong_receipt_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused):
        receipts.decode(payload)
